/**
 * A process of its own that works on a registry until it is killed, and writes a line for everything
 * the registry has answered: `submitted`, `claimed KEY N`, `settled KEY N`, at last `idle`.
 * Argument: the path.
 */
import { writeSync } from 'node:fs';
import type { OpenAttempt } from '../../../src/ports/task-registry.ts';
import { openRegistry } from '../../../src/registry/open.ts';
import { ask, Desk, must } from './desk.ts';
import { holder, interrupted, succeeded, taskSet } from './samples.ts';

const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

const opened = await openRegistry({ path: process.argv[2] ?? '', synchronous: 'normal', holder });
if (!opened.ok) throw new Error(opened.error.message);
const desk = new Desk(opened.value);
await desk.takeOffice();
const link = (n: number) => [`t${n}`, n % 3 === 0 ? {} : { needs: [`t${n - 1}`] }] as const;
await desk.submit(taskSet('s', Object.fromEntries(Array.from({ length: 600 }, (_, n) => link(n)))));
say('submitted');

for (const open of await must<readonly OpenAttempt[]>(ask((reply) => desk.registry.openAttempts(reply)))) {
  await desk.settle(open.key, open.fence, interrupted);
}

const work = async (task: { readonly key: string; readonly fence: number }): Promise<void> => {
  const { attempt } = await desk.claim(task.key, task.fence);
  say(`claimed ${task.key} ${attempt}`);
  await must(desk.tryLaunch(task.key, attempt));
  await desk.settle(task.key, attempt, succeeded);
  say(`settled ${task.key} ${attempt}`);
};

let cursor: number | null = null;
for (;;) {
  const batch = await desk.changes(cursor, 8);
  cursor = batch.cursor;
  if (batch.ready.length === 0) break;
  await Promise.all(batch.ready.map(work));
}
say('idle');
await desk.close();
