import type { Configuration } from '../config/configuration.ts';
import { registryId } from '../domain/ids.ts';
import { Scheduler } from '../scheduling/scheduler.ts';
import type { Present } from '../server/explained.ts';
import type { WaitingParts } from '../server/status.ts';

/** What can be told of why a task waits while no dispatcher runs: by the configuration alone. */
export const presentWithoutDispatcher = ({ dispatcher, pools }: Configuration): Present => ({
  scheduler: new Scheduler(dispatcher, pools, registryId('')),
  dispatcher: 'none',
  wall: Date.now(),
  monotonic: 0,
});

/** The same for the sum of it. */
export const waitingWithoutDispatcher = (configuration: Configuration): WaitingParts => ({
  scheduler: presentWithoutDispatcher(configuration).scheduler,
  dispatcher: 'none',
  lastStuck: null,
});
