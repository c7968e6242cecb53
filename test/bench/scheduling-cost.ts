/**
 * What the scheduler alone takes for one dispatch (decide, release, take the next task in) with 1,000 to
 * 1,000,000 tasks waiting, for each policy, and the memory of the whole process at a million. Every
 * measurement has a process of its own and counts its processor time, garbage collection included, so that
 * other load on the machine shows less; ratios are to 1,000 waiting under the same policy.
 *
 * `node test/bench/scheduling-cost.ts [POLICY SIZE]`
 */
import { spawnSync } from 'node:child_process';
import { poolName, registryId, specName } from '../../src/domain/ids.ts';
import type { DispatcherSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import type { SchedulingPolicy } from '../../src/scheduling/scheduling-policy.ts';
import { poolSettings, readyTask, settings } from '../model/samples.ts';

const SIZES = [1000, 10_000, 100_000, 1_000_000] as const;
const POLICIES: readonly DispatcherSettings['schedulingPolicy'][] = ['fifo', 'priority', 'skill-based', 'fair-share', 'custom'];
const SPECS = 500;
const ROUNDS = 40_000;

const [CPU, GPU] = [poolName('cpu'), poolName('gpu')];
const POOLS = [
  poolSettings({ name: CPU, maxConcurrency: 8, cpuQuota: 8, defaultResources: { cpu: 1, memory: 256 } }),
  poolSettings({ name: GPU, maxConcurrency: 8, cpuQuota: 16, defaultResources: { cpu: 1, memory: 256 } }),
];
const ROWS = { skillMapping: new Map([['gpu', [GPU]], ['any', [CPU, GPU]]]), defaultPools: [CPU] };
const SKILLS = [null, 'any', 'gpu'];

/** A mixture as of many users: three skills, ten priorities, sizes from half a core to four, 500 sets. */
const waiting = (i: number): ReadyTask =>
  readyTask(`t${i}`, {
    spec: specName(`set-${(i * 31) % SPECS}`),
    priority: (i * 7919) % 10,
    position: i,
    readyAt: i,
    requiredSkill: SKILLS[i % 3] ?? null,
    cpu: ((i * 13) % 8) / 2 + 0.5,
  });

const mine: SchedulingPolicy = {
  name: 'short-names-first',
  compare: (a, b) => b.priority - a.priority || a.key.length - b.key.length,
};

const report = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const measure = (schedulingPolicy: DispatcherSettings['schedulingPolicy'], size: number): void => {
  const chosen = settings({ ...ROWS, schedulingPolicy, maxGlobalConcurrency: 16, slots: 16 });
  const scheduler = new Scheduler(chosen, POOLS, registryId('00000000-0000-4000-8000-000000000000'), mine);
  for (let i = 0; i < size; i += 1) scheduler.add(waiting(i), 0, 0);
  let [next, now, runs] = [size, 0, 0];
  const live = [...scheduler.plan(now)];
  const round = (): void => {
    now += 10;
    const ended = live.shift();
    if (ended !== undefined) scheduler.release(ended.task.key, ended.runnerId, true, now);
    scheduler.add(waiting(next), 0, now);
    next += 1;
    const assigned = scheduler.plan(now);
    live.push(...assigned);
    runs += assigned.length;
  };
  for (let i = 0; i < ROUNDS / 2; i += 1) round();
  runs = 0;
  const samples: number[] = [];
  for (let batch = 0; batch < 20; batch += 1) {
    const begun = process.cpuUsage();
    const before = runs;
    for (let i = 0; i < ROUNDS / 20; i += 1) round();
    const { user, system } = process.cpuUsage(begun);
    samples.push((user + system) / Math.max(1, runs - before));
  }
  const sorted = samples.toSorted((a, b) => a - b);
  report({ mean: samples.reduce((a, b) => a + b) / samples.length, median: sorted[10], rssMb: process.memoryUsage.rss() / 1e6 });
};

interface Measured {
  readonly mean: number;
  readonly median: number;
  readonly rssMb: number;
}

const inProcess = (policy: string, size: number): Measured => {
  const { stdout } = spawnSync(process.execPath, [import.meta.filename, policy, String(size)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(stdout) as Measured;
};

const [only, size] = process.argv.slice(2);
const policy = POLICIES.find((name) => name === only);
if (policy !== undefined && size !== undefined) measure(policy, Number(size));
else {
  for (const name of POLICIES) {
    let small: Measured | null = null;
    for (const count of SIZES) {
      const { mean, median, rssMb } = inProcess(name, count);
      small ??= { mean, median, rssMb };
      const ratios = `median ${median.toFixed(1)} µs ${(median / small.median).toFixed(2)} ×  mean ${mean.toFixed(1)} µs ${(mean / small.mean).toFixed(2)} ×`;
      console.log(`${name.padEnd(12)} ${String(count).padStart(9)} waiting  ${ratios}  process ${rssMb.toFixed(0)} MB`);
    }
  }
}
