/**
 * A process of its own that opens a registry, says so, and keeps it until it is killed. Argument: the
 * path. In `HOLDER`: JSON of what it is to say of itself instead of the truth. In `AS`: `dispatcher`
 * (default), or `command`, which gives no signs of life. `THEN=loop`: its event loop never turns again.
 */
import { writeSync } from 'node:fs';
import { holderOfThisProcess } from '../../../src/platform/process-table.ts';
import type { Holder } from '../../../src/ports/task-registry.ts';
import { openRegistry, openRegistryForWriting } from '../../../src/registry/open.ts';

const lies = JSON.parse(process.env['HOLDER'] ?? '{}') as Partial<Holder>;
const options = { path: process.argv[2] ?? '', synchronous: 'normal', holder: { ...holderOfThisProcess(), ...lies } } as const;
const opened = await (process.env['AS'] === 'command' ? openRegistryForWriting(options) : openRegistry(options));
writeSync(1, opened.ok ? 'holding\n' : `${opened.error.message}\n`);
while (process.env['THEN'] === 'loop');
// A dispatcher has something to do for as long as it lives.
setInterval(() => undefined, 60_000);
