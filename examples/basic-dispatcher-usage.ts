/** A dispatcher inside a program: submit a set, watch it, wait for the end. Run it with `node`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, formatInputErrors, loadConfiguration, loadTaskSet, openDispatcher, type SubmitReport } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'embedded-dispatcher-'));
writeFileSync(
  join(folder, 'dispatcher.yaml'),
  `
repo_pool: { type: directory, slots: 2, base_dir: ${JSON.stringify(join(folder, 'slots'))} }
agent_pools: { local: { type: local-process, max_concurrency: 2 } }
`,
);
const plan = `
name: greeting
tasks:
  - { id: hello, command: [echo, Hello] }
  - { id: world, command: [echo, world], dependencies: [hello] }
`;

const configuration = loadConfiguration({ cwd: folder, env: process.env });
const set = loadTaskSet({ text: plan, name: 'plan' });
if (!configuration.ok) throw new Error(formatInputErrors(configuration.error).join('\n'));
if (!set.ok) throw new Error(formatInputErrors(set.error).join('\n'));

const opened = await openDispatcher(configuration.value, {
  untilIdle: true,
  api: false,
  telemetry: { tell: (notice) => console.log(notice.type, 'task' in notice ? notice.task : '') },
});
if (!opened.ok) throw new Error(opened.error.message);
const dispatcher = opened.value;
const submission = { set: set.value, changedDone: 'refuse', fresh: false, actor: 'example', at: Date.now() } as const;
const report = await ask<SubmitReport>((reply) => dispatcher.registry.submit(submission, reply));
console.log(report.ok ? `submitted ${report.value.added.length} tasks` : report.error.message);
dispatcher.start();
const end = await dispatcher.finished;
console.log(`ended: ${end.reason}`);
await dispatcher.close();
rmSync(folder, { recursive: true });
