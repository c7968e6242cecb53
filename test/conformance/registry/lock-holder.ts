/** A process of its own that opens a registry, says so, and keeps it until it is killed. Argument: the path. */
import { writeSync } from 'node:fs';
import { openRegistry } from '../../../src/registry/open.ts';

const holder = { pid: process.pid, startTime: '1', bootId: 'boot', host: 'elsewhere', since: Date.now() };
const opened = await openRegistry({ path: process.argv[2] ?? '', synchronous: 'normal', holder });
writeSync(1, opened.ok ? 'holding\n' : `${opened.error.message}\n`);
