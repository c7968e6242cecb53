/**
 * What one dispatch costs with 1,000 and with 100,000 tasks waiting: the scheduler alone, then the
 * whole system with real processes (each sample takes 500 from the backlog, eight at once).
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { registryId } from '../../src/domain/ids.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import { poolSettings, readyTask, settings } from '../model/samples.ts';
import { cli, configure, scratch, timed } from './measure.ts';

const SIZES = [1000, 100_000];
const TAKEN = 500;

const pool = poolSettings({ maxConcurrency: 8, defaultResources: { cpu: 0, memory: 0 } });

const waiting = (i: number): ReadyTask => readyTask(`t${i}`, { priority: (i * 7919) % 10, position: i });

/** Microseconds per task planned and released, with `size` in the queue all along. */
const schedulerCost = (size: number): number => {
  const scheduler = new Scheduler(settings(), [pool], registryId('00000000-0000-4000-8000-000000000000'));
  for (let i = 0; i < size; i += 1) scheduler.add(waiting(i), 0, 0);
  const rounds = 20_000;
  const begun = performance.now();
  let taken = 0;
  while (taken < rounds) {
    for (const { task, runnerId } of scheduler.plan()) {
      scheduler.release(task.key, runnerId, false);
      scheduler.add(task, 0, 0);
      taken += 1;
    }
  }
  return ((performance.now() - begun) * 1000) / taken;
};

/** Milliseconds per task of a whole `run`, first `size` waiting, measured over the first 500 ends. */
const systemCost = async (size: number): Promise<number> => {
  const folder = scratch();
  const config = configure(folder, 8);
  const tasks = Array.from({ length: size }, (_, i) => ({ id: `t${i}`, command: ['true'] }));
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ name: 'bench', tasks }));
  const submitted = await timed(process.execPath, [cli, 'submit', 'plan.json', '-c', config], folder);
  if (submitted.code !== 0) throw new Error(`submit ended with ${submitted.code}`);
  const child = spawn(process.execPath, [cli, 'start', '-c', config], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let first = 0;
  const cost = await new Promise<number>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const ends = text.split('\ndone ').length - 1;
      if (first === 0 && ends > 0) first = performance.now();
      if (ends >= TAKEN) resolve((performance.now() - first) / ends);
    });
  });
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
  return cost;
};

const report = (name: string, unit: string, costs: readonly number[]): void => {
  const [small = Number.NaN] = costs;
  costs.forEach((cost, i) =>
    console.log(`${name} with ${String(SIZES[i]).padStart(6)} waiting: ${cost.toFixed(2)} ${unit}  ${(cost / small).toFixed(2)} ×`),
  );
};

report('scheduler', 'µs', SIZES.map(schedulerCost));
const whole: number[] = [];
for (const size of SIZES) whole.push(await systemCost(size));
report('whole system', 'ms', whole);
