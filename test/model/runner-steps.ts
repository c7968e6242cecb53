import assert from 'node:assert/strict';
import type { InspectionEvent } from 'xstate';
import type { RunnerMessage } from '../../machines/messages.ts';
import type { RunnerContext, RunnerEntry } from '../../machines/runner/context.ts';
import { runnerMachine } from '../../machines/runner/machine.ts';
import { portError } from '../../src/domain/failures.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { WALL_ZERO } from '../../src/simulation/virtual-clock.ts';
import type { Modelled, ModelledWorld, Step } from './modelled.ts';
import { RunnerBench } from './runner-bench.ts';
import { CLAIM, DEADLINES, LAUNCHED, RunnerWitness, TASK } from './runner-witness.ts';
import { exitOf, handleOf, reportOf, slot } from './samples.ts';

/** A runner that has not come to be yet, then one beside its witness. */
class RunnerWorld implements ModelledWorld {
  readonly #inspect: (event: InspectionEvent) => void;
  #witness: RunnerWitness | null = null;

  constructor(inspect: (event: InspectionEvent) => void) {
    this.#inspect = inspect;
  }

  get hasArrived(): boolean {
    return this.#witness !== null;
  }

  arrive(way: RunnerEntry): void {
    this.#witness = new RunnerWitness(way, this.#inspect);
  }

  can(message: RunnerMessage): boolean {
    return this.#witness?.can(message) ?? false;
  }

  /** The witness judges each call that this leads to. */
  say(message: RunnerMessage): void {
    this.#witness?.say(message);
  }

  look(): void {
    const witness = this.#witness;
    if (witness === null) return;
    const { status, context } = witness.bench.ref.getSnapshot();
    if (status === 'done') return;
    const waiting = witness.bench.desk.calls.filter(({ open }) => open).map(({ port }) => port);
    assert.equal(new Set(waiting).size, waiting.length, 'asks nothing twice at a time');
    if (waiting.includes('watch')) assert.notEqual(context.handle, null);
  }

  place(): string {
    if (this.#witness === null) return 'nowhere';
    const { bench } = this.#witness;
    const { slot: held, launchTries, stop, forced, outcome } = bench.ref.getSnapshot().context;
    const isEnding = !/^(pending|launching|adopting|live)\b/.test(bench.state);
    // What was said to it on the way matters until its outcome is decided.
    const way = isEnding ? [] : [bench.state.startsWith('launching') && launchTries, stop?.kind, forced];
    return JSON.stringify([bench.state, held !== null, outcome?.kind, ...way]);
  }

  conclude(): void {
    this.#witness?.conclude();
  }
}

const message = (name: string, told: RunnerMessage): Step<RunnerWorld> => ({
  name,
  can: (world) => world.can(told),
  run: (world) => world.say(told),
});

const lastOf = (rest: Partial<RunnerContext>): RunnerContext => ({
  ...new RunnerBench(() => undefined, { kind: 'fresh' }, TASK).ref.getSnapshot().context,
  ...rest,
});
const broken = (rest: Partial<RunnerContext>): RunnerEntry => ({ kind: 'condemned', reason: 'it broke', last: lastOf(rest) });
const adopted = { kind: 'adopted', claim: CLAIM, runDir: '/old', startedAtWall: null } as const;
const LOST: Outcome = { kind: 'lost', reason: 'gone' };

const arrival = (name: string, way: () => RunnerEntry): Step<RunnerWorld> => ({
  name,
  can: ({ hasArrived }) => !hasArrived,
  run: (world) => world.arrive(way()),
});

const arrivals: readonly Step<RunnerWorld>[] = [
  arrival('a fresh one', () => ({ kind: 'fresh' })),
  arrival('one to be adopted', () => ({ ...adopted, slot: slot() })),
  arrival('one to be adopted whose slot is gone', () => ({ ...adopted, slot: null })),
  arrival('after one that broke at once', () => broken({})),
  arrival('after one that broke with a slot', () => broken({ slot: slot() })),
  arrival('after one that broke when it was claimed', () => broken({ slot: slot(), claim: CLAIM })),
  arrival('after one that broke alive', () => broken({ slot: slot(), claim: CLAIM, handle: handleOf() })),
  arrival('after one that broke when all was decided', () => broken({ slot: slot(), claim: CLAIM, outcome: LOST })),
];

const TRANSIENT = portError('transient', 'busy');
const PERMANENT = portError('permanent', 'never');
const DEPOSED = portError('deposed', 'another one is in office');
const RESULT = { status: 'done', reason: null, summary: null, retryable: null, retryAfterMs: null } as const;

const answers: readonly Step<RunnerWorld>[] = [
  message('a slot', { type: 'slot.obtained', slot: slot() }),
  message('no slot is free', { type: 'slot.refused', error: portError('unavailable', 'all taken') }),
  message('no slot can be made', { type: 'slot.refused', error: PERMANENT }),
  message('claimed', { type: 'claim.granted', claim: CLAIM }),
  message('not claimed', { type: 'claim.refused', error: portError('fenced', 'not yours') }),
  message('not claimed this time', { type: 'claim.refused', error: TRANSIENT }),
  message('not claimed, for another dispatcher is in office', { type: 'claim.refused', error: DEPOSED }),
  message('launched', { type: 'launch.succeeded', ...LAUNCHED }),
  message('not launched this time', { type: 'launch.failed', error: TRANSIENT }),
  message('cannot be launched', { type: 'launch.failed', error: PERMANENT }),
  message('throttled', { type: 'launch.failed', error: portError('throttled', 'slow down') }),
  message('exits well', { type: 'process.exited', exit: exitOf(0) }),
  message('exits badly', { type: 'process.exited', exit: exitOf(1) }),
  message('exits later with a result', { type: 'process.exited', exit: exitOf(0, { at: WALL_ZERO + 1, result: RESULT }) }),
  message('vanishes', { type: 'process.vanished', reason: 'gone' }),
  message('the engine falls silent', { type: 'engine.fellSilent', reason: 'silent' }),
  message('the engine answers', { type: 'engine.answered' }),
  message('is silent', { type: 'heartbeat.missed' }),
  message('is silent for too long', { type: 'heartbeat.lapsed', silentMs: 60_000, wallAt: WALL_ZERO }),
  message('speaks again', { type: 'heartbeat.resumed' }),
  message('does nothing', { type: 'work.stalling', idleMs: 300_000, limitMs: 900_000 }),
  message('has done nothing for too long', { type: 'work.stalled', idleMs: 900_000, wallAt: WALL_ZERO }),
  message('has reported and does not end', { type: 'completion.overdue', wallAt: WALL_ZERO }),
  message('is stopped', { type: 'stop.finished', exit: exitOf(null, { signal: 'SIGTERM', at: WALL_ZERO + 1 }), survivors: [] }),
  message('outlives the stop', { type: 'stop.finished', exit: null, survivors: ['4712'] }),
  message('cannot be stopped', { type: 'stop.failed', error: TRANSIENT }),
  message('is found alive', { type: 'inspection.alive', handle: handleOf(), at: 0 }),
  message('is found to have ended', { type: 'inspection.exited', exit: exitOf(0) }),
  message('is not found, but was there', { type: 'inspection.vanished', reason: 'gone' }),
  message('was never started', { type: 'inspection.neverStarted' }),
  message('nobody knows', { type: 'inspection.failed', error: TRANSIENT }),
  message('settled', { type: 'settle.recorded', report: reportOf('done') }),
  message('settled as throttled', { type: 'settle.recorded', report: reportOf('ready', { throttledUntil: WALL_ZERO + 1 }) }),
  message('not settled this time', { type: 'settle.failed', error: TRANSIENT }),
  message('fenced', { type: 'settle.failed', error: portError('fenced', 'a later attempt') }),
  message('not settled, for another dispatcher is in office', { type: 'settle.failed', error: DEPOSED }),
  message('the registry is broken', { type: 'settle.failed', error: PERMANENT }),
  message('the slot is back', { type: 'slot.released' }),
];

const orders: readonly Step<RunnerWorld>[] = [
  message('cancel', { type: 'runner.cancel', reason: 'a person', wallAt: WALL_ZERO }),
  message('interrupt', { type: 'runner.interrupt', reason: 'shutdown', wallAt: WALL_ZERO }),
  message('force', { type: 'runner.force' }),
  ...DEADLINES.map((name) => message(`deadline ${name}`, { type: 'deadline.reached', name, wallAt: WALL_ZERO })),
];

export const modelledRunner: Modelled<RunnerWorld> = {
  machine: runnerMachine,
  begin: (inspect) => new RunnerWorld(inspect),
  steps: [...arrivals, ...answers, ...orders],
};
