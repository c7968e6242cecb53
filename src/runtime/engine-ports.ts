import type { RunnerPortMessage } from '../../machines/messages.ts';
import type { RunnerPortInputs } from '../../machines/runner/context.ts';
import { portError } from '../domain/failures.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { RunnerId } from '../domain/ids.ts';
import type { Inspection, RunnerHandle, WatchEvent } from '../ports/launcher.ts';
import { launchIntent } from './launch-intent.ts';
import { observe } from './observed-exit.ts';
import { recall, reportedExit } from './runner-reports.ts';
import { namedVariables } from './task-environment.ts';
import { launcherOf, newRunDir, runnerPort, type RunnerWorld, type Tell } from './runner-world.ts';

const watched = (world: RunnerWorld, id: RunnerId, event: Exclude<WatchEvent, { readonly kind: 'exited' }>): RunnerPortMessage => {
  if (event.kind === 'vanished') world.heartbeats.end(id);
  switch (event.kind) {
    case 'vanished': {
      const exit = reportedExit(world, id);
      return exit === null ? { type: 'process.vanished', reason: event.reason } : { type: 'process.exited', exit };
    }
    case 'engineSilent':
      return { type: 'engine.fellSilent', reason: event.reason };
    case 'engineAnswers':
      return { type: 'engine.answered' };
  }
};

const noLauncher = (pool: string) => portError('permanent', `pool ${pool}: there is no launcher for its type`);

/** Only its open attempts still name it. What confined them is configured no more: nothing may be started as if it never had been. */
const isRetired = ({ maxConcurrency }: PoolSettings): boolean => maxConcurrency === 0;
const retired = (pool: string) => portError('transient', `pool ${pool} is not configured any more; its tasks are another pool's`);

const recordLaunch = (
  { ports: { registry, clock, telemetry }, office }: RunnerWorld,
  { claim, pool }: RunnerPortInputs['launch' | 'inspect'],
  handle: RunnerHandle,
  adopted: boolean,
): void => {
  const { key, attempt } = claim;
  registry.recordLaunch({ epoch: office.epoch, key, attempt, handle, adopted, at: clock.wall() }, (reply) => {
    if (reply.ok) return;
    telemetry.tell({ type: 'trouble', message: `launch not recorded: ${reply.error.message}`, task: key, pool });
  });
};

const launchPort = (world: RunnerWorld) =>
  runnerPort(world)<'launch'>((input, tell) => {
    const { office, settings, poolOf, ports } = world;
    const pool = poolOf(input.pool);
    const launcher = launcherOf(world, input.pool);
    if (pool === undefined || launcher === undefined) {
      tell({ type: 'launch.failed', error: noLauncher(input.pool) });
      return;
    }
    if (isRetired(pool)) {
      tell({ type: 'launch.failed', error: retired(input.pool) });
      return;
    }
    const named = namedVariables(input.claim.definition, ports.environment);
    if (!named.ok) {
      tell({ type: 'launch.failed', error: named.error });
      return;
    }
    const { runnerId, claim, slot } = input;
    const runDir = newRunDir(world, runnerId);
    const url = office.url(pool.engine.type);
    const intent = launchIntent({
      ...input,
      pool,
      namedEnv: named.value,
      runDir,
      baseEnv: office.baseEnv,
      protocol: url === null ? null : { url, token: office.tokenOf(runnerId, claim.attempt) },
      timeoutMs: input.claim.definition.timeoutMs ?? pool.timeoutMs ?? settings().timeoutMs,
    });
    if (!intent.ok) {
      tell({ type: 'launch.failed', error: intent.error });
      return;
    }
    // It may speak before it is known that it runs.
    world.heartbeats.expect({ runnerId, key: claim.key, attempt: claim.attempt, pool: pool.name, slotId: slot.id, runDir });
    launcher.start(intent.value, (reply) => {
      if (!reply.ok) {
        tell({ type: 'launch.failed', error: reply.error });
        return;
      }
      recordLaunch(world, input, reply.value, false);
      const { clock } = ports;
      tell({ type: 'launch.succeeded', handle: reply.value, at: clock.monotonic(), wallAt: clock.wall() });
    });
  });

const tellInspection = (world: RunnerWorld, input: RunnerPortInputs['inspect'], found: Inspection, tell: Tell): void => {
  if (found.kind !== 'alive') world.heartbeats.end(input.runnerId);
  switch (found.kind) {
    case 'alive':
      if (input.adopting) recordLaunch(world, input, found.handle, true);
      return tell({ type: 'inspection.alive', handle: found.handle, at: world.ports.clock.monotonic() });
    case 'exited':
      return observe(world, input, runDirOf(world, input), found.exit, (exit) => tell({ type: 'inspection.exited', exit }));
    case 'vanished': {
      const exit = reportedExit(world, input.runnerId);
      return tell(exit === null ? { type: 'inspection.vanished', reason: found.reason } : { type: 'inspection.exited', exit });
    }
    case 'neverStarted':
      return tell({ type: 'inspection.neverStarted' });
  }
};

const runDirOf = (world: RunnerWorld, { runDir, runnerId }: RunnerPortInputs['inspect']): string => runDir ?? newRunDir(world, runnerId);

const inspectPort = (world: RunnerWorld) =>
  runnerPort(world)<'inspect'>((input, tell) => {
    const { runnerId, pool, claim, slot, adopting } = input;
    const launcher = launcherOf(world, pool);
    if (launcher === undefined) {
      tell({ type: 'inspection.failed', error: noLauncher(pool) });
      return;
    }
    const runDir = runDirOf(world, input);
    const { key, attempt } = claim;
    const runner = world.heartbeats.expect({ runnerId, key, attempt, pool, slotId: slot?.id ?? null, runDir });
    launcher.inspect(runnerId, runDir, (reply) => {
      if (!reply.ok) {
        tell({ type: 'inspection.failed', error: reply.error });
        return;
      }
      if (adopting) recall(world, runner, () => tellInspection(world, input, reply.value, tell));
      else tellInspection(world, input, reply.value, tell);
    });
  });

const watchPort = (world: RunnerWorld) =>
  runnerPort(world)<'watch'>((input, tell) => {
    const { runnerId, pool, handle, claim, slot, limitWallAt } = input;
    const { settings, poolOf, heartbeats } = world;
    const stallMs = claim.definition.stallTimeoutMs ?? poolOf(pool)?.stallTimeoutMs ?? settings().stallTimeoutMs;
    const { key, attempt } = claim;
    // One whose actor broke is known by another way than a launch or a search.
    heartbeats.expect({ runnerId, key, attempt, pool, slotId: slot?.id ?? null, runDir: handle.runDir });
    const unattend = heartbeats.attend(runnerId, { handle, slotPath: slot?.path ?? null, limitWallAt, stallMs, tell });
    const unwatch = launcherOf(world, pool)?.watch(handle, (event) => {
      if (event.kind !== 'exited') return tell(watched(world, runnerId, event));
      world.heartbeats.end(runnerId);
      observe(world, input, handle.runDir, event.exit, (exit) => tell({ type: 'process.exited', exit }));
    });
    return () => {
      unattend();
      unwatch?.();
    };
  });

/** The port calls that reach an engine through its launcher. */
export const enginePorts = (world: RunnerWorld) => {
  const port = runnerPort(world);
  return {
    launch: launchPort(world),
    inspect: inspectPort(world),
    watch: watchPort(world),
    stop: port<'stop'>((input, tell) => {
      const { runnerId, pool, handle, graceMs } = input;
      const launcher = launcherOf(world, pool);
      if (launcher === undefined) {
        tell({ type: 'stop.failed', error: noLauncher(pool) });
        return;
      }
      world.heartbeats.stopping(runnerId);
      launcher.stop(handle, graceMs, (reply) => {
        if (!reply.ok) {
          tell({ type: 'stop.failed', error: reply.error });
          return;
        }
        const { exit, survivors } = reply.value;
        if (exit === null) tell({ type: 'stop.finished', exit: reportedExit(world, runnerId), survivors });
        else observe(world, input, handle.runDir, exit, (seen) => tell({ type: 'stop.finished', exit: seen, survivors }));
      });
    }),
  };
};
