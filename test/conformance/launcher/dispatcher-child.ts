/**
 * A dispatcher to be killed: starts the runners named in its arguments (JSON: state directory,
 * registry id, intents), prints `starting` when the first has been and `started` when all have, and hangs.
 */
import { registryId } from '../../../src/domain/ids.ts';
import type { LaunchIntent } from '../../../src/ports/launcher.ts';
import { openLauncher } from './local-process.ts';

interface Order {
  readonly stateDir: string;
  readonly registry: string;
  readonly intents: readonly LaunchIntent[];
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const launcher = await openLauncher(order.stateDir, registryId(order.registry));
let left = order.intents.length;
for (const intent of order.intents) {
  launcher.start(intent, () => {
    if (left === order.intents.length) process.stdout.write('starting\n');
    left -= 1;
    if (left === 0) process.stdout.write('started\n');
  });
}
setInterval(() => {}, 60_000);
