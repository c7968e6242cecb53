import { runnerMachine } from '../../machines/runner/machine.ts';
import { redactedOutcome } from '../domain/secrets.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import { enginePorts } from './engine-ports.ts';
import type { FaultTeller } from './fault-teller.ts';
import type { HeartbeatTable } from './heartbeats.ts';
import { retryOf } from './observed-exit.ts';
import type { Office, Ports } from './ports.ts';
import { forgetReports } from './runner-reports.ts';
import { secretsOfAttempt } from './task-environment.ts';
import { launcherOf, newRunDir, runnerPort, type RunnerWorld } from './runner-world.ts';

const slotPorts = (world: RunnerWorld) => {
  const port = runnerPort(world);
  const { repoPool, telemetry } = world.ports;
  return {
    obtainSlot: port<'obtainSlot'>(({ runnerId, pool, task, attempt }, tell) => {
      const isolated = (world.poolOf(pool)?.engine.type ?? 'local-process') !== 'local-process';
      repoPool.obtain({ runnerId, task, attempt, isolated }, (reply) => {
        if (reply.ok) tell({ type: 'slot.obtained', slot: reply.value });
        else tell({ type: 'slot.refused', error: reply.error });
      });
    }),
    releaseSlot: port<'releaseSlot'>(({ runnerId, slot }, tell) => {
      repoPool.release(slot.id, runnerId, (reply) => {
        if (!reply.ok) {
          const message = `slot ${slot.id} was not returned: ${reply.error.message}`;
          telemetry.tell({ type: 'trouble', message, task: null, pool: null });
        }
        tell({ type: 'slot.released' });
      });
    }),
  };
};

const registryPorts = (world: RunnerWorld, faults: FaultTeller) => {
  const port = runnerPort(world);
  const { ports, office } = world;
  const { registry, clock, entropy } = ports;
  const { epoch } = office;
  return {
    claimTask: port<'claimTask'>(({ runnerId, task, pool, slot }, tell) => {
      const request = {
        epoch,
        key: task.key,
        fence: task.fence,
        runnerId,
        pool,
        slotId: slot.id,
        slotPath: slot.path,
        runDir: newRunDir(world, runnerId),
        at: clock.wall(),
      };
      registry.claim(request, (reply) => {
        faults.heard(reply);
        if (reply.ok) tell({ type: 'claim.granted', claim: reply.value });
        else tell({ type: 'claim.refused', error: reply.error });
      });
    }),
    settle: port<'settle'>(({ runnerId, pool, claim, outcome: told }, tell) => {
      const { key, attempt, definition } = claim;
      const outcome = redactedOutcome(told, secretsOfAttempt(definition, world.poolOf(pool), ports.environment));
      const retry = retryOf(world, pool, claim);
      const luck = entropy.draw(`${key}#${attempt}|jitter`);
      registry.settle({ epoch, key, attempt, outcome, retry, luck, at: clock.wall() }, (reply) => {
        faults.heard(reply);
        // Fenced: a later attempt speaks for the task.
        if (reply.ok || reply.error.kind === 'fenced' || reply.error.kind === 'notFound') forgetReports(world, runnerId);
        if (!reply.ok) {
          tell({ type: 'settle.failed', error: reply.error });
          return;
        }
        launcherOf(world, pool)?.forget(runnerId);
        tell({ type: 'settle.recorded', report: reply.value });
      });
    }),
  };
};

export interface RunnerParts {
  readonly ports: Ports;
  readonly office: Office;
  /** Knows the settings that count just now. */
  readonly scheduler: Scheduler;
  readonly heartbeats: HeartbeatTable;
  /** Hears how the registry takes claims and settlements. */
  readonly faults: FaultTeller;
}

/** The runner's statechart with every port call in it made real. */
export const runnerLogic = ({ ports, office, scheduler, heartbeats, faults }: RunnerParts): typeof runnerMachine => {
  const world: RunnerWorld = {
    ports,
    office,
    heartbeats,
    settings: () => scheduler.settings,
    poolOf: (pool) => scheduler.ledger.settingsOf(pool),
  };
  return runnerMachine.provide({ actors: { ...slotPorts(world), ...registryPorts(world, faults), ...enginePorts(world) } });
};
