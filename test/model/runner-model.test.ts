import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RunnerMessage } from '../../machines/messages.ts';
import type { RunnerContext, RunnerEntry } from '../../machines/runner/context.ts';
import { portError, type FailureKind } from '../../src/domain/failures.ts';
import { RunnerBench } from './runner-bench.ts';
import { CLAIM, DEADLINES, LAUNCHED, RunnerWitness, TASK } from './runner-witness.ts';
import { claimOf, exitOf, handleOf, reportOf, slot } from './samples.ts';
import { WALL_ZERO } from '../../src/simulation/virtual-clock.ts';
import { failOnWarnings } from './watch-warnings.ts';

failOnWarnings();

const kinds: readonly FailureKind[] = ['transient', 'permanent', 'throttled', 'fenced', 'deposed', 'unavailable'];

const error = fc.constantFrom(...kinds).map((kind) => portError(kind, kind));
const exit = fc
  .record({ code: fc.constantFrom(0, 1, 75, 78), at: fc.integer({ min: -5, max: 5 }) })
  .map(({ code, at }) => exitOf(code, { at: WALL_ZERO + at }));

/** Answers of ports, good and bad: much more often than a person or a shutdown interferes. */
const answer: fc.Arbitrary<RunnerMessage> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'slot.obtained' as const, slot: slot() }) },
  error.map((why) => ({ type: 'slot.refused' as const, error: why })),
  { weight: 3, arbitrary: fc.constant({ type: 'claim.granted' as const, claim: claimOf(TASK) }) },
  error.map((why) => ({ type: 'claim.refused' as const, error: why })),
  { weight: 3, arbitrary: fc.constant({ type: 'launch.succeeded' as const, ...LAUNCHED }) },
  { weight: 2, arbitrary: error.map((why) => ({ type: 'launch.failed' as const, error: why })) },
  exit.map((end) => ({ type: 'process.exited' as const, exit: end })),
  fc.constant({ type: 'process.vanished' as const, reason: 'gone' }),
  fc.constant({ type: 'engine.fellSilent' as const, reason: 'silent' }),
  fc.constant({ type: 'engine.answered' as const }),
  fc.constantFrom<RunnerMessage>(
    { type: 'heartbeat.missed' },
    { type: 'heartbeat.lapsed', silentMs: 60_000, wallAt: WALL_ZERO },
    { type: 'heartbeat.resumed' },
    { type: 'work.stalling', idleMs: 1, limitMs: 3 },
    { type: 'work.stalled', idleMs: 3, wallAt: WALL_ZERO },
    { type: 'completion.overdue', wallAt: WALL_ZERO },
  ),
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

describe('a runner, whatever the world says to it', () => {
  it('settles once, gives its slot back once and never too early, and ends as its outcome says', () => {
    fc.assert(
      fc.property(entry, fc.array(message, { minLength: 60, maxLength: 300 }), (way, messages) => {
        const witness = new RunnerWitness(way);
        for (const told of messages) witness.say(told);
        witness.conclude();
      }),
      { numRuns: 400 },
    );
  });
});
