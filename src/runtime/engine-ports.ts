import type { RunnerPortMessage } from '../../machines/messages.ts';
import type { RunnerPortInputs } from '../../machines/runner/context.ts';
import { portError } from '../domain/failures.ts';
import type { ObservedExit } from '../domain/outcome.ts';
import type { ExitReport, RunnerHandle, WatchEvent } from '../ports/launcher.ts';
import { parseRunnerResult } from '../protocol/runner-result.ts';
import { launchIntent } from './launch-intent.ts';
import { launcherOf, newRunDir, runnerPort, type RunnerWorld } from './runner-world.ts';

/** A runner's result is read here, at the border, and is a plain value from now on. */
const observed = ({ result, ...exit }: ExitReport): ObservedExit => {
  if (result === null) return { ...exit, result };
  const parsed = parseRunnerResult(result);
  return { ...exit, result: parsed.ok ? parsed.value : { unreadable: parsed.error } };
};

const watched = (event: WatchEvent): RunnerPortMessage => {
  switch (event.kind) {
    case 'exited':
      return { type: 'process.exited', exit: observed(event.exit) };
    case 'vanished':
      return { type: 'process.vanished', reason: event.reason };
    case 'engineSilent':
      return { type: 'engine.fellSilent', reason: event.reason };
    case 'engineAnswers':
      return { type: 'engine.answered' };
  }
};

const noLauncher = (pool: string) => portError('permanent', `pool ${pool}: there is no launcher for its type`);

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
    const pool = poolOf.get(input.pool);
    const launcher = launcherOf(world, input.pool);
    if (pool === undefined || launcher === undefined) {
      tell({ type: 'launch.failed', error: noLauncher(input.pool) });
      return;
    }
    const intent = launchIntent({
      ...input,
      pool,
      runDir: newRunDir(world, input.runnerId),
      baseEnv: office.baseEnv,
      url: office.url(),
      timeoutMs: input.claim.definition.timeoutMs ?? pool.timeoutMs ?? settings.timeoutMs,
    });
    if (!intent.ok) {
      tell({ type: 'launch.failed', error: intent.error });
      return;
    }
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

const inspectPort = (world: RunnerWorld) =>
  runnerPort(world)<'inspect'>((input, tell) => {
    const launcher = launcherOf(world, input.pool);
    if (launcher === undefined) {
      tell({ type: 'inspection.failed', error: noLauncher(input.pool) });
      return;
    }
    launcher.inspect(input.runnerId, input.runDir ?? newRunDir(world, input.runnerId), (reply) => {
      if (!reply.ok) {
        tell({ type: 'inspection.failed', error: reply.error });
        return;
      }
      const found = reply.value;
      switch (found.kind) {
        case 'alive':
          recordLaunch(world, input, found.handle, true);
          return tell({ type: 'inspection.alive', handle: found.handle, at: world.ports.clock.monotonic() });
        case 'exited':
          return tell({ type: 'inspection.exited', exit: observed(found.exit) });
        case 'vanished':
          return tell({ type: 'inspection.vanished', reason: found.reason });
        case 'neverStarted':
          return tell({ type: 'inspection.neverStarted' });
      }
    });
  });

/** The port calls that reach an engine through its launcher. */
export const enginePorts = (world: RunnerWorld) => {
  const port = runnerPort(world);
  return {
    launch: launchPort(world),
    inspect: inspectPort(world),
    watch: port<'watch'>(({ pool, handle }, tell) =>
      launcherOf(world, pool)?.watch(handle, (event) => tell(watched(event))),
    ),
    stop: port<'stop'>(({ pool, handle, graceMs }, tell) => {
      const launcher = launcherOf(world, pool);
      if (launcher === undefined) {
        tell({ type: 'stop.failed', error: noLauncher(pool) });
        return;
      }
      launcher.stop(handle, graceMs, (reply) => {
        if (!reply.ok) {
          tell({ type: 'stop.failed', error: reply.error });
          return;
        }
        const { exit, survivors } = reply.value;
        tell({ type: 'stop.finished', exit: exit === null ? null : observed(exit), survivors });
      });
    }),
  };
};
