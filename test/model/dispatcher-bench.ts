import assert from 'node:assert/strict';
import { createActor, type Actor, type InspectionEvent } from 'xstate';
import { agentPoolMachine } from '../../machines/agent-pool/machine.ts';
import { deadlockMonitorMachine } from '../../machines/deadlock-monitor.machine.ts';
import { dispatcherMachine } from '../../machines/dispatcher/machine.ts';
import { EventBuffer } from '../../machines/event-buffer.ts';
import { eventRecorderMachine } from '../../machines/event-recorder.machine.ts';
import type { Adoption, DispatcherMessage } from '../../machines/messages.ts';
import { taskMonitorMachine } from '../../machines/task-monitor.machine.ts';
import { portError } from '../../src/domain/failures.ts';
import type { DispatcherEvent } from '../../src/domain/events.ts';
import { runnerId, type RunnerId, type TaskKey } from '../../src/domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import { rememberingTelemetry } from './listening-parent.ts';
import { PortDesk } from './port-desk.ts';
import { runnerOn } from './runner-bench.ts';
import { claimOf, exitOf, handleOf, LOCAL, openAttempt, poolSettings, readyTask, REGISTRY, reportOf, settings, slot } from './samples.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';

interface BenchOptions {
  readonly inspect: (event: InspectionEvent) => void;
  readonly settings?: Partial<DispatcherSettings>;
  readonly pool?: Partial<PoolSettings>;
  readonly untilIdle?: boolean;
  /** A port whose first call throws. */
  readonly broken?: string;
}

/** The whole actor system with every port on a desk; what is not asked about is answered at once. */
export class DispatcherBench {
  readonly clock = new VirtualClock();
  readonly desk = new PortDesk();
  readonly telemetry = rememberingTelemetry();
  readonly scheduler: Scheduler;
  readonly actor: Actor<typeof dispatcherMachine>;
  /** The error of the root, if it had one. */
  crash: unknown = null;
  #cursor = 0;

  constructor(options: BenchOptions) {
    const { clock, desk, telemetry } = this;
    this.#answerByItself();
    if (options.broken !== undefined) desk.broken.set(options.broken, 1);
    const chosen = settings(options.settings);
    const pools = [poolSettings(options.pool)];
    this.scheduler = new Scheduler(chosen, pools, REGISTRY);
    const logic = dispatcherMachine.provide({
      actors: {
        recover: desk.port('recover'),
        sweep: desk.port('sweep'),
        agentPool: agentPoolMachine.provide({ actors: { probe: desk.port('probe') } }),
        taskMonitor: taskMonitorMachine.provide({ actors: { fetchChanges: desk.port('fetchChanges') } }),
        deadlockMonitor: deadlockMonitorMachine.provide({ actors: { survey: desk.port('survey') } }),
        eventRecorder: eventRecorderMachine.provide({
          actors: {
            recordEvents: desk.port('recordEvents'),
            appendToJournal: desk.port('appendToJournal'),
            replayEvents: desk.port('replayEvents'),
          },
        }),
      },
    });
    this.actor = createActor(logic, {
      id: 'dispatcher',
      clock,
      inspect: options.inspect,
      input: {
        settings: chosen,
        pools,
        scheduler: this.scheduler,
        eventBuffer: new EventBuffer('epoch-1'),
        runnerLogic: runnerOn(desk),
        telemetry,
        now: () => clock.monotonic(),
        wall: () => clock.wall(),
        untilIdle: options.untilIdle ?? false,
      },
    });
    this.actor.subscribe({ error: (error) => void (this.crash = error) });
    this.actor.start();
  }

  #answerByItself(): void {
    const { desk } = this;
    desk.standing.set('obtainSlot', () => ({ type: 'slot.obtained', slot: slot() }));
    desk.standing.set('claimTask', (input) => ({
      type: 'claim.granted',
      claim: claimOf((input as { task: ReadyTask }).task),
    }));
    desk.standing.set('settle', () => ({ type: 'settle.recorded', report: reportOf('done') }));
    desk.standing.set('releaseSlot', () => ({ type: 'slot.released' }));
    desk.standing.set('replayEvents', () => ({ type: 'events.recorded' }));
    desk.standing.set('recordEvents', () => ({ type: 'events.recorded' }));
  }

  get state(): unknown {
    return this.actor.getSnapshot().value;
  }

  isIn(state: string): void {
    assert.equal(this.crash, null);
    assert.equal(this.state, state);
  }

  send(message: DispatcherMessage): void {
    this.actor.send(message);
  }

  /** Past recovery, with nothing left behind. */
  start(adoptions: readonly Adoption[] = []): this {
    this.desk.answer('recover', { type: 'recovery.finished', adoptions, throttles: [] });
    return this;
  }

  shutdown(): void {
    this.send({ type: 'shutdown.request', reason: 'SIGTERM' });
  }

  drain(): void {
    this.send({ type: 'drain.request', actor: 'cli:ann' });
  }

  /** The fetch that is under way brings this. */
  feed(ready: readonly ReadyTask[] = [], gone: readonly TaskKey[] = []): void {
    this.#cursor += 1;
    this.desk.answer('fetchChanges', {
      type: 'changes.fetched',
      batch: { ready, gone, cursor: this.#cursor, more: false },
    });
  }

  /** Starts these tasks and brings them to life; their runner ids. */
  run(...tasks: readonly ReadyTask[]): readonly RunnerId[] {
    this.feed(tasks);
    const ids = tasks.map(({ key }) => this.scheduler.runnerOf(key)?.runnerId ?? runnerId('none'));
    for (const id of ids) this.launch(id);
    return ids;
  }

  #answer(port: string, id: RunnerId, message: { readonly type: string }): void {
    const call = this.desk.calls.findLast(
      (made) => made.open && made.port === port && JSON.stringify(made.input).includes(`"${id}"`),
    );
    assert.ok(call, `an open ${port} of ${id}`);
    call.answer(message);
  }

  launch(id: RunnerId): void {
    const at = { at: this.clock.monotonic(), wallAt: this.clock.wall() };
    this.#answer('launch', id, { type: 'launch.succeeded', ...{ handle: handleOf(id), ...at } });
  }

  /** The look for an adopted runner finds it alive. */
  found(id: RunnerId): void {
    this.#answer('inspect', id, { type: 'inspection.alive', ...{ handle: handleOf(id), at: this.clock.monotonic() } });
  }

  failLaunch(id: RunnerId): void {
    this.#answer('launch', id, { type: 'launch.failed', ...{ error: portError('transient', 'no room') } });
  }

  exit(id: RunnerId): void {
    this.#answer('watch', id, { type: 'process.exited', ...{ exit: exitOf(0, { at: this.clock.wall() }) } });
  }

  stopped(id: RunnerId, survivors: readonly string[] = []): void {
    this.#answer('stop', id, { type: 'stop.finished', ...{ exit: null, survivors } });
  }

  adoption(task: ReadyTask): Adoption {
    const id = runnerId(`left-${task.key.replace('/', '-')}`);
    return { runnerId: id, pool: LOCAL, attempt: openAttempt(task, id), slot: slot() };
  }

  /** Types of the events that reached the registry or the journal, in order. */
  events(port = 'recordEvents'): readonly string[] {
    const calls = this.desk.calls.filter((call) => call.port === port);
    return calls.flatMap(({ input }) =>
      (input as { events: readonly { event: DispatcherEvent }[] }).events.map(({ event }) => event.type),
    );
  }

  told(type: string): number {
    return this.telemetry.told.filter((notice) => notice.type === type).length;
  }

  /** Ended, and all it held was given back. */
  ended(state: 'stopped' | 'failed', reason: RegExp): void {
    this.isIn(state);
    const { output, status } = this.actor.getSnapshot();
    assert.equal(status, 'done');
    assert.match(output?.reason ?? '', reason);
    assert.equal(output?.failure === null, state === 'stopped');
    assert.equal(this.clock.pending, 0, 'no timer is left');
  }
}

/** The only one of them. */
export const only = (ids: readonly RunnerId[]): RunnerId => {
  const [id] = ids;
  assert.ok(id);
  return id;
};

/** The runner that a task was assigned to. */
export const runnerOfTask = (bench: DispatcherBench, id: string): RunnerId => {
  const run = bench.scheduler.runnerOf(readyTask(id).key);
  assert.ok(run, `${id} runs`);
  return run.runnerId;
};
