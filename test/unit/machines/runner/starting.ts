import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventDraft, EventType } from '../../../../src/domain/events.ts';
import { RunnerBench } from '../../../model/runner-bench.ts';
import { exitOf, handleOf } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';

/** Events of this type that it asked to be recorded. */
const recorded = (bench: RunnerBench, type: EventType): readonly EventDraft[] =>
  bench.parent.heard
    .filter((message) => message.type === 'event.record')
    .map((message) => message['event'] as EventDraft)
    .filter((event) => event.type === type);

/** From the reservation to a live process. */
export const startingTests = ({ inspect }: StatechartCoverage): void => {
  describe('a runner that starts', () => {
    it('obtains a slot, claims, launches, works and settles, in this order', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.exit(0);
      const outcome = bench.settle();
      assert.equal(outcome.kind, 'succeeded');
      const settled = bench.ended('done');
      assert.equal(settled.attempt, 1);
      assert.equal(settled.report?.taskState, 'done');
      const order = bench.desk.calls.map(({ port }) => port);
      assert.deepEqual(order, ['obtainSlot', 'claimTask', 'launch', 'watch', 'settle', 'releaseSlot']);
    });

    it('measures how long it worked', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.clock.advance(1234);
      bench.exit(0);
      bench.settle();
      assert.equal(bench.ended('done').durationMs, 1234);
    });

    it('goes back to the queue when no slot is free, and later when the pool is broken', () => {
      for (const [kind, later] of [['unavailable', 1000], ['transient', 1000], ['permanent', 30_000]] as const) {
        const bench = new RunnerBench(inspect);
        bench.refuse('slot', kind);
        const settled = bench.ended('cancelled');
        assert.equal(settled.requeueAfterMs, later);
        assert.equal(settled.attempt, null);
        assert.match(settled.reason ?? '', /^no slot: /);
        assert.equal(bench.desk.count('releaseSlot'), 0, 'there was none to release');
        // That all are lent is no failure.
        assert.equal(recorded(bench, 'SlotFailed').length, kind === 'unavailable' ? 0 : 1);
      }
    });

    it('returns the slot and leaves the task to the registry when another was faster', () => {
      const bench = new RunnerBench(inspect);
      bench.giveSlot();
      bench.refuse('claim', 'fenced');
      bench.giveBack();
      assert.equal(bench.ended('cancelled').requeueAfterMs, null);
      assert.equal(bench.desk.count('settle'), 0);
    });

    for (const kind of ['deposed', 'permanent'] as const) {
      it(`${kind}: whether it is claimed is not for it to say, so it keeps its slot and rests`, () => {
        const bench = new RunnerBench(inspect);
        bench.giveSlot();
        bench.refuse('claim', kind);
        bench.isIn('forsaken');
        assert.ok(bench.parent.types().includes('registry.failed'));
        assert.equal(bench.desk.count('releaseSlot'), 0);
      });
    }

    it('tries a claim again later when the registry was busy', () => {
      const bench = new RunnerBench(inspect);
      bench.giveSlot();
      bench.refuse('claim', 'transient');
      bench.giveBack();
      assert.equal(bench.ended('cancelled').requeueAfterMs, 1000);
    });

    it('launches three times under one attempt, then fails as launch_failed', () => {
      const bench = new RunnerBench(inspect);
      bench.giveSlot();
      bench.grantClaim();
      for (const pause of [1000, 2000]) {
        bench.refuse('launch', 'transient');
        bench.isIn('launching.waiting');
        assert.equal(bench.askedDeadline('retryLaunch'), pause);
        bench.reach('retryStop');
        bench.isIn('launching.waiting');
        bench.reach('retryLaunch');
      }
      bench.refuse('launch', 'transient');
      bench.verify();
      assert.deepEqual(bench.settle('ready'), {
        kind: 'launchFailed',
        reason: 'launch said transient',
        retryable: true,
      });
      assert.equal(bench.ended('failed').attempt, 1);
      assert.equal(bench.desk.count('launch'), 3);
      assert.equal(bench.parent.types().filter((type) => type === 'runner.launchFailed').length, 3);
      assert.deepEqual(
        recorded(bench, 'LaunchFailed').map(({ attempt, details }) => [attempt, details['try']]),
        [[1, 1], [1, 2], [1, 3]],
      );
    });

    it('does not try again what cannot be launched', () => {
      const bench = new RunnerBench(inspect);
      bench.giveSlot();
      bench.grantClaim();
      bench.refuse('launch', 'permanent');
      const outcome = bench.settle('failed');
      assert.deepEqual(outcome, { kind: 'launchFailed', reason: 'launch said permanent', retryable: false });
      bench.ended('failed');
    });

    describe('given up for a lost answer', () => {
      const givenUp = (): RunnerBench => {
        const bench = new RunnerBench(inspect);
        bench.giveSlot();
        bench.grantClaim();
        for (let tries = 0; tries < 2; tries += 1) {
          bench.refuse('launch', 'transient');
          bench.reach('retryLaunch');
        }
        bench.refuse('launch', 'transient');
        bench.isIn('launching.verifying');
        return bench;
      };

      it('goes on where the engine finds it alive: nothing was decided', () => {
        const bench = givenUp();
        bench.desk.answer('inspect', { type: 'inspection.alive', handle: handleOf(), at: 0 });
        bench.isIn('live.running');
        bench.exit(0);
        assert.equal(bench.settle('done').kind, 'succeeded');
        bench.ended('done');
      });

      it('is what it has come to where it ended meanwhile', () => {
        const bench = givenUp();
        bench.desk.answer('inspect', { type: 'inspection.exited', exit: exitOf(3) });
        assert.equal(bench.settle('ready').kind, 'failed');
        bench.ended('failed');
      });

      it('is lost where nobody saw its end', () => {
        const bench = givenUp();
        bench.desk.answer('inspect', { type: 'inspection.vanished', reason: 'gone' });
        assert.equal(bench.settle('ready').kind, 'lost');
        bench.ended('lost');
      });

      it('is held, and looked for again, while the engine does not answer', () => {
        const bench = givenUp();
        bench.refuse('inspection', 'transient');
        bench.isIn('launching.doubting');
        bench.reach('retryLaunch');
        bench.isIn('launching.doubting');
        bench.reach('retryInspect');
        bench.verify();
        assert.equal(bench.settle('ready').kind, 'launchFailed');
        bench.ended('failed');
      });
    });

    it('settles as throttled what the engine throttles', () => {
      const bench = new RunnerBench(inspect);
      bench.giveSlot();
      bench.grantClaim();
      bench.refuse('launch', 'throttled');
      assert.equal(bench.settle('ready').kind, 'throttled');
      bench.ended('failed');
    });
  });

  describe('a runner that is stopped before its process runs', () => {
    for (const [how, kind, state] of [['interrupt', 'interrupted', 'ready'], ['cancel', 'cancelled', 'cancelled']] as const) {
      it(`${how} while it waits for a slot: slot and task go back, nothing was claimed`, () => {
        const bench = new RunnerBench(inspect);
        bench[how]();
        bench.giveSlot();
        bench.giveBack();
        assert.equal(bench.ended('cancelled').requeueAfterMs, 0);
        assert.equal(bench.desk.count('claimTask'), 0);
      });

      it(`${how} while it claims: the claim is settled, nothing is launched`, () => {
        const bench = new RunnerBench(inspect);
        bench.giveSlot();
        bench[how]();
        bench.grantClaim();
        assert.equal(bench.settle(state).kind, kind);
        bench.ended('cancelled');
        assert.equal(bench.desk.count('launch'), 0);
      });

      it(`${how} while it launches: what was launched is stopped`, () => {
        const bench = new RunnerBench(inspect);
        bench.giveSlot();
        bench.grantClaim();
        bench[how]();
        bench.isIn('launching.trying');
        bench.launch();
        bench.isIn('live.stopping.gracefully');
        bench.stopped();
        assert.equal(bench.settle(state).kind, kind);
        bench.ended('cancelled');
      });

      it(`${how} while it launches in vain: no further try`, () => {
        const bench = new RunnerBench(inspect);
        bench.giveSlot();
        bench.grantClaim();
        bench[how]();
        bench.refuse('launch', 'transient');
        bench.verify();
        assert.equal(bench.settle(state).kind, kind);
        bench.ended('cancelled');
        assert.equal(bench.desk.count('launch'), 1);
      });

      it(`${how} between two launches: at once`, () => {
        const bench = new RunnerBench(inspect);
        bench.giveSlot();
        bench.grantClaim();
        bench.refuse('launch', 'transient');
        bench[how]();
        bench.verify();
        assert.equal(bench.settle(state).kind, kind);
        bench.ended('cancelled');
      });

      it(`${how} while it launches in vain, and it did start: it is stopped`, () => {
        const bench = new RunnerBench(inspect);
        bench.giveSlot();
        bench.grantClaim();
        bench[how]();
        bench.refuse('launch', 'transient');
        bench.desk.answer('inspect', { type: 'inspection.alive', handle: handleOf(), at: 0 });
        bench.isIn('live.stopping.gracefully');
        bench.stopped();
        assert.equal(bench.settle(state).kind, kind);
        bench.ended('cancelled');
      });
    }

    it('a refused claim wins over a stop: there is nothing to settle', () => {
      const bench = new RunnerBench(inspect);
      bench.giveSlot();
      bench.interrupt();
      bench.refuse('claim', 'fenced');
      bench.giveBack();
      bench.ended('cancelled');
      assert.equal(bench.desk.count('settle'), 0);
    });
  });
};
