/**
 * A process of its own, started where files may not grow large, that submits sets until one is
 * refused. Writes what happened as one line of JSON. Argument: the path.
 */
import { writeSync } from 'node:fs';
import { openRegistry } from '../../../src/registry/open.ts';
import { Desk } from './desk.ts';
import { holder, taskSet } from './samples.ts';

const opened = await openRegistry({ path: process.argv[2] ?? '', synchronous: 'full', holder });
if (!opened.ok) throw new Error(opened.error.message);
const desk = new Desk(opened.value);
await desk.takeOffice();
const description = 'x'.repeat(20_000);
let accepted = 0;
let error: unknown = null;
while (error === null) {
  const report = await desk.trySubmit(taskSet(`s${accepted}`, { a: { description }, b: { description } }));
  if (report.ok) accepted += 1;
  else error = report.error;
}
const { ready } = await desk.counts();
writeSync(1, `${JSON.stringify({ accepted, error, ready })}\n`);
process.exit(0);
