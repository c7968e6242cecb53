import assert from 'node:assert/strict';
import { createActor, type ActorRefFrom, type AnyEventObject, type InspectionEvent } from 'xstate';
import type { RunnerRef } from '../../machines/agent-pool/context.ts';
import { agentPoolMachine } from '../../machines/agent-pool/machine.ts';
import type { PoolMessage } from '../../machines/messages.ts';
import { portError, type FailureKind } from '../../src/domain/failures.ts';
import { runnerId, type RunnerId } from '../../src/domain/ids.ts';
import type { PoolSettings } from '../../src/domain/settings.ts';
import { listeningParent, rememberingTelemetry, type ListeningParent } from './listening-parent.ts';
import { PortDesk, type PortCall } from './port-desk.ts';
import { runnerOn } from './runner-bench.ts';
import { claimOf, exitOf, handleOf, LOCAL, poolSettings, readyTask, reportOf, slot } from './samples.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';

/** One real pool with real runners, every port on a desk, the Dispatcher replaced by a listener. */
export class PoolBench {
  readonly clock = new VirtualClock();
  readonly desk = new PortDesk();
  readonly telemetry = rememberingTelemetry();
  readonly parent: ListeningParent;
  readonly ref: ActorRefFrom<typeof agentPoolMachine>;

  constructor(inspect: (event: InspectionEvent) => void, settings: Partial<PoolSettings> = {}) {
    const { clock, telemetry, desk } = this;
    this.parent = listeningParent(clock, inspect);
    const standing = {
      obtainSlot: () => ({ type: 'slot.obtained', slot: slot() }),
      claimTask: (input: unknown) => ({
        type: 'claim.granted',
        claim: claimOf((input as { task: Parameters<typeof claimOf>[0] }).task),
      }),
      settle: () => ({ type: 'settle.recorded', report: reportOf('done') }),
      releaseSlot: () => ({ type: 'slot.released' }),
    };
    for (const [port, answer] of Object.entries(standing)) desk.standing.set(port, answer);
    const ref = createActor(agentPoolMachine.provide({ actors: { probe: desk.port('probe') } }), {
      id: 'pool',
      parent: this.parent.ref,
      input: {
        settings: poolSettings(settings),
        terms: {
          pool: LOCAL,
          timeoutMs: 60_000,
          stopGraceMs: 30_000,
          throttleMs: () => 60_000,
          telemetry,
          now: () => clock.monotonic(),
          wall: () => clock.wall(),
        },
        runnerLogic: runnerOn(desk),
      },
    });
    this.ref = ref;
    ref.start();
  }

  send(message: PoolMessage): void {
    this.ref.send(message);
  }

  assign(id: string): RunnerId {
    const runner = runnerId(id);
    this.send({ type: 'runner.assign', runnerId: runner, task: readyTask(id) });
    return runner;
  }

  /** Its runner, while it is not settled. */
  runner(id: string): RunnerRef {
    const ref = this.ref.getSnapshot().context.table.refs.get(runnerId(id));
    assert.ok(ref, `runner ${id}`);
    return ref;
  }

  /** The outermost state. */
  get state(): string {
    const { value } = this.ref.getSnapshot();
    return typeof value === 'string' ? value : (Object.keys(value)[0] ?? '');
  }

  isIn(state: string): void {
    assert.equal(this.state, state);
  }

  get running(): number {
    return this.ref.getSnapshot().context.table.refs.size;
  }

  #open(port: string, runner: string): PortCall {
    const about = (call: PortCall): boolean => JSON.stringify(call.input).includes(`"${runner}"`);
    const call = this.desk.calls.findLast((made) => made.open && made.port === port && about(made));
    assert.ok(call, `an open ${port} of ${runner}`);
    return call;
  }

  answer(port: string, runner: string, message: AnyEventObject): void {
    this.#open(port, runner).answer(message);
  }

  launch(runner: string): void {
    const { clock } = this;
    const handle = handleOf(runnerId(runner));
    this.answer('launch', runner, { type: 'launch.succeeded', handle, at: clock.monotonic(), wallAt: clock.wall() });
  }

  failLaunch(runner: string, kind: FailureKind = 'transient'): void {
    this.answer('launch', runner, { type: 'launch.failed', error: portError(kind, 'no room') });
  }

  exit(runner: string, code = 0): void {
    this.answer('watch', runner, { type: 'process.exited', exit: exitOf(code, { at: this.clock.wall() }) });
  }

  /** What the Dispatcher heard of one kind, in order. */
  heard(type: string): readonly AnyEventObject[] {
    return this.parent.heard.filter((event) => event.type === type);
  }

  /** States it told the Dispatcher, with its reasons. */
  get states(): readonly string[] {
    return this.heard('pool.changed').map((event) => String(event['state']));
  }
}

/** A pool whose last three launches failed. */
export const trippedPool = (inspect: (event: InspectionEvent) => void): PoolBench => {
  const bench = new PoolBench(inspect);
  bench.desk.standing.set('inspect', () => ({ type: 'inspection.neverStarted' }));
  for (const id of ['a', 'b', 'c']) {
    bench.assign(id);
    bench.failLaunch(id);
  }
  bench.isIn('tripped');
  return bench;
};
