/**
 * Submission to process start on an idle dispatcher: 200 single tasks through its HTTP API, each
 * stamping its own start; beside it the same stamp by a bare `spawn`, as the floor.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli, configure, quantile, scratch } from './measure.ts';

const SAMPLES = 200;

const folder = scratch();
const config = configure(folder, 4);
const daemon = spawn(process.execPath, [cli, 'start', '-c', config], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise<string>((resolve) => {
  daemon.stdout.on('data', (chunk: Buffer) => {
    const found = /API at (\S+)/.exec(chunk.toString())?.[1];
    if (found !== undefined) resolve(found);
  });
});
const token = readFileSync(join(folder, '.dispatcher', 'admin-token'), 'utf8').trim();
const headers = { Authorization: `Bearer ${token}` };
const stamp = join(folder, 'stamp');
// date(1) with nanoseconds costs a process of its own, as any task does.
const command = ['sh', '-c', `date +%s%N > ${stamp}.tmp && mv ${stamp}.tmp ${stamp}.$0`];

const untilDone = async (spec: string): Promise<void> => {
  for (;;) {
    const response = await fetch(`${url}/api/v1/tasks/${spec}/t`);
    const task = (await response.json()) as { state: string };
    if (task.state === 'done') return;
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
};
const wallNs = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
const delayMs = (from: bigint, name: string): number =>
  Number(BigInt(readFileSync(`${stamp}.${name}`, 'utf8').trim()) - from) / 1e6;

const dispatched: number[] = [];
const bare: number[] = [];
for (let i = 0; i < SAMPLES; i += 1) {
  const set = { name: `s${i}`, tasks: [{ id: 't', command: [...command, `d${i}`] }] };
  const submitted = wallNs();
  const response = await fetch(`${url}/api/v1/tasksets`, { method: 'POST', headers, body: JSON.stringify(set) });
  if (!response.ok) throw new Error(await response.text());
  await untilDone(set.name);
  dispatched.push(delayMs(submitted, `d${i}`));
  const spawned = wallNs();
  await new Promise((resolve) => spawn('sh', [...command.slice(1), `b${i}`]).on('close', resolve));
  bare.push(delayMs(spawned, `b${i}`));
}
daemon.kill('SIGTERM');
const show = (name: string, sample: readonly number[]): void =>
  console.log(`${name.padEnd(28)} p50 ${quantile(sample, 0.5).toFixed(1)} ms  p99 ${quantile(sample, 0.99).toFixed(1)} ms`);
show('submission to start', dispatched);
show('bare spawn to start', bare);
console.log(`ratio of p50                 ${(quantile(dispatched, 0.5) / quantile(bare, 0.5)).toFixed(2)}`);
