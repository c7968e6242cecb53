/**
 * Submission to process start on an idle dispatcher: 200 single tasks through its HTTP API, each
 * saying itself when it ran; beside it the same by a bare `spawn`, as the floor.
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
// date(1) with nanoseconds is the process whose start counts: it says itself when it ran.
const command = ['date', '+%s%N'];

/** What the task wrote, once it is done. */
const outputOf = async (spec: string): Promise<string> => {
  for (;;) {
    // Not at once: asking keeps the dispatcher from what is measured.
    await new Promise((resolve) => void setTimeout(resolve, 30));
    const response = await fetch(`${url}/api/v1/tasks/${spec}/t`);
    const task = (await response.json()) as { state: string; attempt_history: readonly { run_dir: string }[] };
    const runDir = task.attempt_history[0]?.run_dir;
    if (task.state === 'done' && runDir !== undefined) return readFileSync(join(runDir, 'output.log'), 'utf8');
  }
};
const wallNs = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
const delayMs = (from: bigint, stamp: string): number => Number(BigInt(stamp.trim()) - from) / 1e6;

const dispatched: number[] = [];
const bare: number[] = [];
for (let i = 0; i < SAMPLES; i += 1) {
  const set = { name: `s${i}`, tasks: [{ id: 't', command }] };
  const submitted = wallNs();
  const response = await fetch(`${url}/api/v1/tasksets`, { method: 'POST', headers, body: JSON.stringify(set) });
  if (!response.ok) throw new Error(await response.text());
  dispatched.push(delayMs(submitted, await outputOf(set.name)));
  const spawned = wallNs();
  const child = spawn('date', command.slice(1));
  let stamp = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stamp += chunk.toString();
  });
  await new Promise((resolve) => child.on('close', resolve));
  bare.push(delayMs(spawned, stamp));
}
daemon.kill('SIGTERM');
const show = (name: string, sample: readonly number[]): void =>
  console.log(`${name.padEnd(28)} p50 ${quantile(sample, 0.5).toFixed(1)} ms  p99 ${quantile(sample, 0.99).toFixed(1)} ms`);
show('submission to start', dispatched);
show('bare spawn to start', bare);
console.log(`ratio of p50                 ${(quantile(dispatched, 0.5) / quantile(bare, 0.5)).toFixed(2)}`);
