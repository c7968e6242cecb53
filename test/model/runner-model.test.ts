import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { InspectionEvent } from 'xstate';
import type { DeadlineName, RunnerMessage } from '../../machines/messages.ts';
import type { RunnerContext, RunnerEntry } from '../../machines/runner/context.ts';
import { portError, type FailureKind } from '../../src/domain/failures.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { RunnerBench } from './runner-bench.ts';
import { claimOf, exitOf, handleOf, readyTask, reportOf, slot } from './samples.ts';
import { WALL_ZERO } from '../../src/simulation/virtual-clock.ts';
import { failOnWarnings } from './watch-warnings.ts';

failOnWarnings();

const TASK = readyTask('build', { fence: 4 });
const kinds: readonly FailureKind[] = ['transient', 'permanent', 'throttled', 'fenced', 'unavailable'];
const DEADLINES: readonly DeadlineName[] = ['runTime', 'retryLaunch', 'retrySettle', 'retryStop', 'retryInspect'];

const error = fc.constantFrom(...kinds).map((kind) => portError(kind, kind));
const exit = fc
  .record({ code: fc.constantFrom(0, 1, 75, 78), at: fc.integer({ min: -5, max: 5 }) })
  .map(({ code, at }) => exitOf(code, { at: WALL_ZERO + at }));
const launched = { handle: handleOf(), at: 0, wallAt: WALL_ZERO };

/** Answers of ports, good and bad: much more often than a person or a shutdown interferes. */
const answer: fc.Arbitrary<RunnerMessage> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'slot.obtained' as const, slot: slot() }) },
  error.map((why) => ({ type: 'slot.refused' as const, error: why })),
  { weight: 3, arbitrary: fc.constant({ type: 'claim.granted' as const, claim: claimOf(TASK) }) },
  error.map((why) => ({ type: 'claim.refused' as const, error: why })),
  { weight: 3, arbitrary: fc.constant({ type: 'launch.succeeded' as const, ...launched }) },
  { weight: 2, arbitrary: error.map((why) => ({ type: 'launch.failed' as const, error: why })) },
  exit.map((end) => ({ type: 'process.exited' as const, exit: end })),
  fc.constant({ type: 'process.vanished' as const, reason: 'gone' }),
  fc.constant({ type: 'engine.fellSilent' as const, reason: 'silent' }),
  fc.constant({ type: 'engine.answered' as const }),
  fc
    .record({ end: fc.option(exit), survivors: fc.constantFrom([], ['4712']) })
    .map(({ end, survivors }) => ({ type: 'stop.finished' as const, exit: end, survivors })),
  error.map((why) => ({ type: 'stop.failed' as const, error: why })),
  fc.constant({ type: 'inspection.alive' as const, handle: handleOf(), at: 0 }),
  exit.map((end) => ({ type: 'inspection.exited' as const, exit: end })),
  fc.constant({ type: 'inspection.vanished' as const, reason: 'gone' }),
  fc.constant({ type: 'inspection.neverStarted' as const }),
  error.map((why) => ({ type: 'inspection.failed' as const, error: why })),
  fc.constant({ type: 'settle.recorded' as const, report: reportOf('done') }),
  error.map((why) => ({ type: 'settle.failed' as const, error: why })),
  fc.constant({ type: 'slot.released' as const }),
);

/** Everything that the outside world may ever say to a runner. */
const message: fc.Arbitrary<RunnerMessage> = fc.oneof(
  { weight: 60, arbitrary: answer },
  { weight: 12, arbitrary: fc.constantFrom(...DEADLINES).map((name) => ({ type: 'deadline.reached' as const, name, wallAt: WALL_ZERO })) },
  fc.constant({ type: 'runner.cancel' as const, reason: 'a person', wallAt: WALL_ZERO }),
  fc.constant({ type: 'runner.interrupt' as const, reason: 'shutdown', wallAt: WALL_ZERO }),
  fc.constant({ type: 'runner.force' as const }),
);

const lastOf = (rest: Partial<RunnerContext>): RunnerContext => {
  const bench = new RunnerBench(() => undefined, { kind: 'fresh' }, TASK);
  return { ...bench.ref.getSnapshot().context, ...rest };
};

const CLAIM = claimOf(TASK);
const entry: fc.Arbitrary<RunnerEntry> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'fresh' as const }) },
  fc.constantFrom(slot(), null).map((held) => ({
    kind: 'adopted' as const,
    claim: CLAIM,
    slot: held,
    runDir: '/old',
    startedAtWall: null,
  })),
  fc
    .constantFrom<Partial<RunnerContext>>(
      {},
      { slot: slot() },
      { slot: slot(), claim: CLAIM },
      { slot: slot(), claim: CLAIM, handle: handleOf() },
    )
    .map((known) => ({ kind: 'condemned' as const, reason: 'it broke', last: lastOf(known) })),
);

/** Which end belongs to which outcome; without one it was never claimed. */
const FINAL: Readonly<Record<Outcome['kind'], string>> = {
  succeeded: 'done',
  parked: 'done',
  failed: 'failed',
  launchFailed: 'failed',
  throttled: 'failed',
  timedOut: 'timedOut',
  lost: 'lost',
  cancelled: 'cancelled',
  interrupted: 'cancelled',
};

/** What is known from outside: calls made and answers given, nothing of the statechart itself. */
class Witness {
  readonly bench: RunnerBench;
  settlings = 0;
  #wasSettling = false;
  /** A process that was started, or may have been, and of which no end is proven. */
  #mayLive: boolean;
  #obtained: boolean;
  #claimed: boolean;
  #seen = 0;

  constructor(way: RunnerEntry) {
    const known = way.kind === 'condemned' ? way.last : null;
    this.#obtained = way.kind === 'adopted' ? way.slot !== null : known !== null && known.slot !== null;
    this.#claimed = way.kind === 'adopted' || (known !== null && known.claim !== null);
    this.#mayLive = way.kind === 'adopted' || (known !== null && known.claim !== null);
    const inspect = (event: InspectionEvent): void => {
      if (event.type !== '@xstate.microstep' || !('value' in event.snapshot)) return;
      const { value } = event.snapshot;
      const isSettling = typeof value === 'object' && value !== null && 'settling' in value;
      if (isSettling && !this.#wasSettling) this.settlings += 1;
      this.#wasSettling = isSettling;
    };
    this.bench = new RunnerBench(inspect, way, TASK);
    this.#look();
  }

  say(told: RunnerMessage): void {
    const { ref } = this.bench;
    const before = ref.getSnapshot();
    if (before.status !== 'active' || !before.can(told)) return;
    if (told.type === 'slot.obtained') this.#obtained = true;
    if (told.type === 'claim.granted') this.#claimed = true;
    if (told.type === 'launch.succeeded' || told.type === 'inspection.alive') this.#mayLive = true;
    if (/^(process\.(exited|vanished)|inspection\.(exited|vanished|neverStarted))$/.test(told.type)) this.#mayLive = false;
    // While it is being stopped its exit does not prove its descendants dead; the stop does.
    if (before.matches({ live: 'stopping' })) this.#mayLive = true;
    if (told.type === 'stop.finished') this.#mayLive = told.survivors.length > 0;
    ref.send(told);
    this.#look();
  }

  /** Judges the calls that were made since it last looked. */
  #look(): void {
    const { calls } = this.bench.desk;
    for (; this.#seen < calls.length; this.#seen += 1) {
      const call = calls[this.#seen];
      if (call?.port === 'launch') this.#mayLive = false;
      if (call?.port === 'settle' || call?.port === 'releaseSlot') {
        assert.equal(this.#mayLive, false, `${call.port} while the process may be alive`);
      }
      if (call?.port === 'settle') {
        const { claim } = call.input as { claim: typeof CLAIM };
        assert.equal(claim.attempt, 5, 'settled under the attempt that was claimed');
      }
    }
  }

  atTheEnd(): void {
    const { bench } = this;
    const { context, status } = bench.ref.getSnapshot();
    assert.equal(status, 'done', `stuck in ${bench.state}`);
    assert.equal(this.settlings, 1, 'through settling once');
    assert.equal(bench.desk.count('releaseSlot'), this.#obtained ? 1 : 0, 'the slot is released once, if there was one');
    assert.equal(bench.desk.count('settle') > 0, this.#claimed, 'settled exactly if it was claimed');
    assert.equal(bench.state, context.outcome === null ? 'cancelled' : FINAL[context.outcome.kind]);
    bench.ended(bench.state);
  }
}

/** In every state the world has a good answer; so many of them end any life. */
const KIND_WORLD: readonly RunnerMessage[] = [
  { type: 'slot.obtained', slot: slot() },
  { type: 'claim.granted', claim: CLAIM },
  { type: 'launch.succeeded', ...launched },
  { type: 'inspection.neverStarted' },
  { type: 'engine.answered' },
  { type: 'process.exited', exit: exitOf(0) },
  { type: 'stop.finished', exit: null, survivors: [] },
  ...DEADLINES.filter((name) => name !== 'runTime').map((name) => ({ type: 'deadline.reached' as const, name, wallAt: WALL_ZERO })),
  { type: 'settle.recorded', report: reportOf('done') },
  { type: 'slot.released' },
];

describe('a runner, whatever the world says to it', () => {
  it('settles once, gives its slot back once and never too early, and ends as its outcome says', () => {
    fc.assert(
      fc.property(entry, fc.array(message, { minLength: 60, maxLength: 300 }), (way, messages) => {
        const witness = new Witness(way);
        for (const told of messages) witness.say(told);
        for (let round = 0; round < 6; round += 1) for (const told of KIND_WORLD) witness.say(told);
        witness.atTheEnd();
      }),
      { numRuns: 400 },
    );
  });
});
