import assert from 'node:assert/strict';
import { createActor, type InspectionEvent } from 'xstate';
import type { RunnerRef } from '../../machines/agent-pool/context.ts';
import type { DeadlineName, RunnerMessage, RunnerSettled } from '../../machines/messages.ts';
import type { RunnerEntry } from '../../machines/runner/context.ts';
import { runnerMachine } from '../../machines/runner/machine.ts';
import { portError, type FailureKind } from '../../src/domain/failures.ts';
import { runnerId, type RunnerId } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { listeningParent, rememberingTelemetry, type ListeningParent } from './listening-parent.ts';
import { PortDesk } from './port-desk.ts';
import { claimOf, exitOf, handleOf, LOCAL, readyTask, reportOf, slot } from './samples.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';

export const RUNNER = runnerId('runner-1');
/** The runner's statechart with its ports on the desk. */
export const runnerOn = (desk: PortDesk): typeof runnerMachine =>
  runnerMachine.provide({
    actors: {
      obtainSlot: desk.port('obtainSlot'),
      claimTask: desk.port('claimTask'),
      launch: desk.port('launch'),
      watch: desk.port('watch'),
      stop: desk.port('stop'),
      inspect: desk.port('inspect'),
      settle: desk.port('settle'),
      releaseSlot: desk.port('releaseSlot'),
    },
  });

/** One real runner, its ports on a desk, its pool replaced by a listener. Times in ms. */
export class RunnerBench {
  readonly clock = new VirtualClock();
  readonly desk = new PortDesk();
  readonly telemetry = rememberingTelemetry();
  readonly parent: ListeningParent;
  readonly ref: RunnerRef;

  constructor(
    inspect: (event: InspectionEvent) => void,
    entry: RunnerEntry = { kind: 'fresh' },
    task: ReadyTask = readyTask('build'),
    id: RunnerId = RUNNER,
  ) {
    const { clock, telemetry } = this;
    this.parent = listeningParent(clock, inspect);
    const terms = {
      pool: LOCAL,
      timeoutMs: 60_000,
      stopGraceMs: 30_000,
      throttleMs: () => 60_000,
      telemetry,
      now: () => clock.monotonic(),
      wall: () => clock.wall(),
    };
    const ref = createActor(runnerOn(this.desk), {
      id,
      parent: this.parent.ref,
      input: { runnerId: id, task, terms, entry },
    });
    this.ref = ref;
    ref.start();
  }

  get task(): ReadyTask {
    return this.ref.getSnapshot().context.task;
  }

  /** Path of the innermost state, `live.running`. */
  get state(): string {
    const path: string[] = [];
    let value: unknown = this.ref.getSnapshot().value;
    while (typeof value === 'object' && value !== null) {
      const [entry] = Object.entries(value as Record<string, unknown>);
      if (entry === undefined) break;
      path.push(entry[0]);
      [, value] = entry;
    }
    return [...path, String(value)].join('.');
  }

  isIn(state: string): void {
    assert.equal(this.state, state);
  }

  send(message: RunnerMessage): void {
    this.ref.send(message);
  }

  interrupt(): void {
    this.send({ type: 'runner.interrupt', reason: 'the dispatcher shuts down', wallAt: this.clock.wall() });
  }

  cancel(): void {
    this.send({ type: 'runner.cancel', reason: 'a person said so', wallAt: this.clock.wall() });
  }

  reach(name: DeadlineName): void {
    this.send({ type: 'deadline.reached', name, wallAt: this.clock.wall() });
  }

  refuse(port: 'slot' | 'claim' | 'launch' | 'stop' | 'inspection' | 'settle', kind: FailureKind): void {
    const error = portError(kind, `${port} said ${kind}`);
    const [call, type] = {
      slot: ['obtainSlot', 'slot.refused'],
      claim: ['claimTask', 'claim.refused'],
      launch: ['launch', 'launch.failed'],
      stop: ['stop', 'stop.failed'],
      inspection: ['inspect', 'inspection.failed'],
      settle: ['settle', 'settle.failed'],
    }[port] as [string, string];
    this.desk.answer(call, { type, error });
  }

  giveSlot(): void {
    this.desk.answer('obtainSlot', { type: 'slot.obtained', slot: slot() });
  }

  grantClaim(timeoutMs: number | null = null): void {
    this.desk.answer('claimTask', { type: 'claim.granted', claim: claimOf(this.task, { timeoutMs }) });
  }

  /** A launch that was given up: the engine says that nothing came of it. */
  verify(): void {
    this.isIn('launching.verifying');
    this.desk.answer('inspect', { type: 'inspection.neverStarted' });
  }

  launch(): void {
    const { clock } = this;
    const handle = handleOf();
    this.desk.answer('launch', { type: 'launch.succeeded', handle, at: clock.monotonic(), wallAt: clock.wall() });
  }

  /** From the beginning to `live.running`. */
  run(timeoutMs: number | null = null): void {
    this.giveSlot();
    this.grantClaim(timeoutMs);
    this.launch();
    this.isIn('live.running');
  }

  exit(code: number | null, rest: Parameters<typeof exitOf>[1] = {}): void {
    this.desk.answer('watch', { type: 'process.exited', exit: exitOf(code, { at: this.clock.wall(), ...rest }) });
  }

  stopped(rest: { readonly survivors?: readonly string[]; readonly exit?: ReturnType<typeof exitOf> | null } = {}): void {
    this.desk.answer('stop', { type: 'stop.finished', exit: null, survivors: [], ...rest });
  }

  /** Takes the outcome down and gives the slot back; what it was settled as. */
  settle(taskState: Parameters<typeof reportOf>[0] = 'done'): Outcome {
    this.isIn('settling.recording');
    const outcome = this.desk.input('settle')['outcome'] as Outcome;
    this.desk.answer('settle', { type: 'settle.recorded', report: reportOf(taskState) });
    this.giveBack();
    return outcome;
  }

  giveBack(): void {
    this.isIn('settling.releasing');
    this.desk.answer('releaseSlot', { type: 'slot.released' });
  }

  /** What its pool heard at the end, and that it ended in this final state. */
  ended(state: string): RunnerSettled {
    this.isIn(state);
    assert.equal(this.ref.getSnapshot().status, 'done');
    const last = this.parent.heard.at(-1);
    assert.equal(last?.type, `xstate.done.actor.${RUNNER}`);
    assert.deepEqual(this.desk.calls.filter(({ open }) => open), [], 'no port call is left open');
    return (last as unknown as { output: RunnerSettled }).output;
  }

  /** The last deadline it asked its pool for: ms from now. */
  askedDeadline(name: DeadlineName): number {
    const asked = this.parent.heard.findLast((event) =>
      event.type === 'deadline.set' ? event['name'] === name : name === 'runTime' && event.type === 'runner.launched',
    );
    assert.ok(asked, `deadline ${name} was asked for`);
    return Number(asked['at'] ?? asked['limitAt']) - this.clock.monotonic();
  }
}

