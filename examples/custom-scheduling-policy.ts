/**
 * An order of one's own: by priority, and among equals the short ones first. Its default export is what
 * `scheduling_policy: ./examples/custom-scheduling-policy.ts` names. Run it with `node` to see it work.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, formatInputErrors, loadConfiguration, loadTaskSet, openDispatcher, type SchedulingPolicy, type SubmitReport } from '../src/index.ts';

/** Who did not say how long it takes (`metadata.expected_duration`) is taken for long, ms. */
const LONG = 3_600_000;

const policy: SchedulingPolicy = {
  name: 'short-ones-first',
  compare: (a, b) => b.priority - a.priority || (a.expectedMs ?? LONG) - (b.expectedMs ?? LONG),
};
export default policy;

const plan = `
name: errands
defaults: { command: ["true"] }
tasks:
  - { id: unknown }
  - { id: long, metadata: { expected_duration: 10m } }
  - { id: short, metadata: { expected_duration: 5s } }
  - { id: urgent, priority: 1, metadata: { expected_duration: 1h } }
`;

/** Runs the plan, one task at a time; returns the ids in the order in which they were started. */
const orderUnder = async (schedulingPolicy: string): Promise<readonly string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'custom-policy-'));
  writeFileSync(
    join(folder, 'dispatcher.yaml'),
    `
dispatcher: { scheduling_policy: ${JSON.stringify(schedulingPolicy)}, max_global_concurrency: 1 }
repo_pool: { type: directory, base_dir: ${JSON.stringify(join(folder, 'slots'))} }
`,
  );
  const configuration = loadConfiguration({ cwd: folder, env: process.env });
  const set = loadTaskSet({ text: plan, name: 'plan' });
  if (!configuration.ok) throw new Error(formatInputErrors(configuration.error).join('\n'));
  if (!set.ok) throw new Error(formatInputErrors(set.error).join('\n'));
  const started: string[] = [];
  const opened = await openDispatcher(configuration.value, {
    untilIdle: true,
    api: false,
    telemetry: { tell: (notice) => void (notice.type === 'runnerStarted' && started.push(notice.task.replace('errands/', ''))) },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  const dispatcher = opened.value;
  const submission = { set: set.value, changedDone: 'refuse', fresh: false, actor: 'example', at: Date.now() } as const;
  const report = await ask<SubmitReport>((reply) => dispatcher.registry.submit(submission, reply));
  if (!report.ok) throw new Error(report.error.message);
  dispatcher.start();
  await dispatcher.finished;
  await dispatcher.close();
  rmSync(folder, { recursive: true });
  return started;
};

const demonstrate = async (): Promise<void> => {
  console.log(`priority: ${(await orderUnder('priority')).join(', ')}`);
  const mine = await orderUnder(fileURLToPath(import.meta.url));
  console.log(`${policy.name}: ${mine.join(', ')}`);
  if (mine.join() !== 'urgent,short,long,unknown') throw new Error('the policy has not been asked');
};

// Run by itself, not when the dispatcher loads it as a policy; not awaited, for that it must be loaded first.
if (process.argv[1] === fileURLToPath(import.meta.url)) void demonstrate();
