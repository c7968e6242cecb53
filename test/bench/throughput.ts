/**
 * 2,000 × `true`, eight at once: xargs, bare `child_process.spawn` and the whole command
 * `dispatcher run`, interleaved in one run; the best of three rounds each, as ratios to xargs.
 */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli, configure, scratch, timed } from './measure.ts';

const TASKS = 2000;
const AT_ONCE = 8;
const ROUNDS = 3;

const folder = scratch();
const tasks = Array.from({ length: TASKS }, (_, i) => `  - { id: t${i}, command: ["true"] }`);
writeFileSync(join(folder, 'plan.yaml'), `name: bench\ntasks:\n${tasks.join('\n')}\n`);
const config = configure(folder, AT_ONCE);

const xargs = async (): Promise<number> => {
  const ended = await timed('sh', ['-c', `seq ${TASKS} | xargs -P${AT_ONCE} -n1 true`], folder);
  if (ended.code !== 0) throw new Error(`xargs ended with ${ended.code}`);
  return ended.seconds;
};

const bareSpawn = async (): Promise<number> => {
  const begun = performance.now();
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < TASKS) {
      started += 1;
      await new Promise((resolve) => spawn('true', { stdio: 'ignore' }).on('close', resolve));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return (performance.now() - begun) / 1000;
};

const dispatcher = async (): Promise<number> => {
  rmSync(join(folder, '.dispatcher'), { recursive: true, force: true });
  const ended = await timed(process.execPath, [cli, 'run', 'plan.yaml', '-c', config], folder);
  if (ended.code !== 0) throw new Error(`dispatcher run ended with ${ended.code}:\n${ended.stdout.slice(-2000)}`);
  return ended.seconds;
};

const contestants = { xargs, 'bare spawn': bareSpawn, 'dispatcher run': dispatcher };
const best = new Map<string, number>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, contest] of Object.entries(contestants)) {
    const seconds = await contest();
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, seconds));
  }
}
const floor = best.get('xargs') ?? Number.NaN;
for (const [name, seconds] of best) {
  console.log(`${name.padEnd(16)} ${seconds.toFixed(2)} s  ${(seconds / floor).toFixed(2)} × xargs`);
}
