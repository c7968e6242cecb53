import { describe } from 'node:test';
import type { TaskRegistry } from '../../../src/ports/task-registry.ts';
import { changesConformance } from './changes.ts';
import { claimConformance } from './claim.ts';
import { Desk, type AtDesk } from './desk.ts';
import { eventsConformance } from './events.ts';
import { groupsConformance } from './groups.ts';
import { listingConformance } from './listing.ts';
import { officeConformance } from './office.ts';
import { marksConformance } from './marks.ts';
import { openAttemptsConformance } from './open-attempts.ts';
import { openDependenciesConformance } from './open-dependencies.ts';
import { operateConformance } from './operate.ts';
import { operateRunningConformance } from './operate-running.ts';
import { recordLaunchConformance } from './record-launch.ts';
import { repliesConformance } from './replies.ts';
import { resubmitConformance } from './resubmit.ts';
import { settleConformance } from './settle.ts';
import { stuckConformance } from './stuck.ts';
import { submitConformance } from './submit.ts';

/** A registry without tasks, and how to be rid of it. */
export interface OpenedRegistry {
  readonly registry: TaskRegistry;
  readonly remove: () => Promise<void>;
}

/** What every Task Registry does, whatever it stores in. */
export const registryConformance = (name: string, open: () => Promise<OpenedRegistry>): void => {
  const atDesk: AtDesk = (body) => async () => {
    const { registry, remove } = await open();
    try {
      const desk = new Desk(registry);
      await desk.takeOffice();
      await body(desk);
    } finally {
      await remove();
    }
  };
  describe(`Task Registry: ${name}`, () => {
    officeConformance(atDesk);
    submitConformance(atDesk);
    resubmitConformance(atDesk);
    groupsConformance(atDesk);
    marksConformance(atDesk);
    operateConformance(atDesk);
    operateRunningConformance(atDesk);
    openDependenciesConformance(atDesk);
    stuckConformance(atDesk);
    changesConformance(atDesk);
    claimConformance(atDesk);
    recordLaunchConformance(atDesk);
    settleConformance(atDesk);
    openAttemptsConformance(atDesk);
    listingConformance(atDesk);
    eventsConformance(atDesk);
    repliesConformance(atDesk);
  });
};
