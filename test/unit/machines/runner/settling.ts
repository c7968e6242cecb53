import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunnerContext, RunnerEntry } from '../../../../machines/runner/context.ts';
import { RunnerBench } from '../../../model/runner-bench.ts';
import { claimOf, exitOf, handleOf, readyTask, reportOf, slot } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';
import { WALL_ZERO } from '../../../../src/simulation/virtual-clock.ts';

const adopted = (rest: Partial<Extract<RunnerEntry, { kind: 'adopted' }>> = {}): RunnerEntry => ({
  kind: 'adopted',
  claim: claimOf(readyTask('build')),
  slot: slot(),
  runDir: '/old/runner-1',
  startedAtWall: WALL_ZERO - 20_000,
  ...rest,
});

/** From the outcome to the end, and the two other ways in. */
export const settlingTests = ({ inspect }: StatechartCoverage): void => {
  describe('a runner that settles', () => {
    it('throttled: tells its pool until when, before its slot is back', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.send({ type: 'process.exited', exit: exitOf(69, { verdict: { kind: 'throttled', by: 'exit code 69' } }) });
      const { outcome } = bench.desk.input('settle') as { outcome: { kind: string; retryAfterMs: number } };
      assert.deepEqual([outcome.kind, outcome.retryAfterMs], ['throttled', 60_000], 'as long as its pool says');
      bench.desk.answer('settle', { type: 'settle.recorded', report: reportOf('ready', { throttledUntil: 9 }) });
      assert.partialDeepStrictEqual(bench.parent.heard.at(-1), { type: 'runner.throttled', until: 9, reason: 'exit code 69' });
      bench.isIn('settling.releasing');
    });

    it('keeps outcome and slot while the registry is busy, and writes again after a pause', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.exit(0);
      for (const pause of [1000, 2000, 4000]) {
        bench.refuse('settle', 'transient');
        bench.isIn('settling.waiting');
        assert.equal(bench.askedDeadline('retrySettle'), pause);
        assert.equal(bench.desk.count('releaseSlot'), 0);
        bench.reach('runTime');
        bench.isIn('settling.waiting');
        bench.reach('retrySettle');
      }
      assert.equal(bench.settle().kind, 'succeeded');
      bench.ended('done');
    });

    for (const kind of ['fenced', 'notFound'] as const) {
      it(`${kind}: gives the slot back, for nothing it says counts any more`, () => {
        const bench = new RunnerBench(inspect);
        bench.run();
        bench.exit(0);
        bench.refuse('settle', kind);
        bench.giveBack();
        assert.equal(bench.ended('done').report, null);
      });
    }

    it('deposed: keeps its slot, which is the next dispatcher\'s to give back, and rests', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.exit(0);
      bench.refuse('settle', 'deposed');
      bench.isIn('forsaken');
      assert.ok(bench.parent.types().includes('registry.failed'));
      bench.interrupt();
      bench.reach('retrySettle');
      bench.isIn('forsaken');
      assert.deepEqual([bench.desk.count('settle'), bench.desk.count('releaseSlot')], [1, 0]);
    });

    it('raises the alarm when the registry is broken, and still keeps the outcome', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.exit(1);
      bench.refuse('settle', 'permanent');
      assert.ok(bench.parent.types().includes('registry.failed'));
      bench.reach('retrySettle');
      assert.equal(bench.settle('ready').kind, 'failed');
      bench.ended('failed');
    });

    it('is past being stopped', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.exit(0);
      bench.interrupt();
      bench.cancel();
      bench.send({ type: 'runner.force' });
      assert.equal(bench.settle().kind, 'succeeded');
      bench.ended('done');
    });
  });

  describe('a runner that an earlier dispatcher left', () => {
    it('alive: watched on, with what is left of its time', () => {
      const bench = new RunnerBench(inspect, adopted());
      assert.equal(bench.desk.input('inspect')['runDir'], '/old/runner-1');
      bench.desk.answer('inspect', { type: 'inspection.alive', handle: handleOf(), at: 0 });
      bench.isIn('live.running');
      assert.equal(bench.askedDeadline('runTime'), 40_000);
      assert.ok(bench.parent.heard.some((event) => event.type === 'runner.launched' && event['adopted'] === true));
      bench.exit(0);
      bench.settle();
      assert.equal(bench.ended('done').durationMs, 20_000);
    });

    it('alive, and nobody noted when it was launched: its time begins now', () => {
      const bench = new RunnerBench(inspect, adopted({ startedAtWall: null }));
      bench.desk.answer('inspect', { type: 'inspection.alive', handle: handleOf(), at: 0 });
      assert.equal(bench.askedDeadline('runTime'), 60_000);
    });

    it('ended meanwhile: its end counts', () => {
      const bench = new RunnerBench(inspect, adopted());
      bench.desk.answer('inspect', { type: 'inspection.exited', exit: exitOf(0) });
      assert.equal(bench.settle().kind, 'succeeded');
      bench.ended('done');
    });

    it('vanished: lost', () => {
      const bench = new RunnerBench(inspect, adopted());
      bench.desk.answer('inspect', { type: 'inspection.vanished', reason: 'killed with the machine' });
      assert.equal(bench.settle('ready').kind, 'lost');
      bench.ended('lost');
    });

    it('never started: launched under the same attempt', () => {
      const bench = new RunnerBench(inspect, adopted());
      bench.desk.answer('inspect', { type: 'inspection.neverStarted' });
      assert.equal((bench.desk.input('launch')['claim'] as { attempt: number }).attempt, 1);
      bench.launch();
      bench.exit(0);
      bench.settle();
      bench.ended('done');
      assert.equal(bench.desk.count('claimTask'), 0);
    });

    it('never started and its slot is gone: back to the queue, no attempt used', () => {
      const bench = new RunnerBench(inspect, adopted({ slot: null }));
      bench.desk.answer('inspect', { type: 'inspection.neverStarted' });
      assert.equal((bench.desk.input('settle')['outcome'] as { kind: string }).kind, 'interrupted');
      bench.desk.answer('settle', { type: 'settle.recorded', report: reportOf('ready') });
      bench.ended('cancelled');
      assert.equal(bench.desk.count('releaseSlot'), 0);
    });

    it('whose slot is gone ends by its outcome all the same, without one to return', () => {
      const ends = [
        [(bench: RunnerBench) => bench.exit(0), 'done'],
        [(bench: RunnerBench) => bench.exit(1), 'failed'],
        [(bench: RunnerBench) => bench.send({ type: 'process.vanished', reason: 'gone' }), 'lost'],
        [(bench: RunnerBench) => [bench.reach('runTime'), bench.stopped()], 'timedOut'],
      ] as const;
      for (const [end, final] of ends) {
        const bench = new RunnerBench(inspect, adopted({ slot: null }));
        bench.desk.answer('inspect', { type: 'inspection.alive', handle: handleOf(), at: 0 });
        end(bench);
        bench.desk.answer('settle', { type: 'settle.recorded', report: reportOf('ready') });
        bench.ended(final);
        assert.equal(bench.desk.count('releaseSlot'), 0);
      }
    });

    it('is asked after again while the engine does not answer, and a stop is remembered', () => {
      for (const [found, final] of [['neverStarted', 'cancelled'], ['alive', 'cancelled']] as const) {
        const bench = new RunnerBench(inspect, adopted());
        bench.refuse('inspection', 'transient');
        bench.isIn('adopting.waiting');
        bench.interrupt();
        bench.reach('retryStop');
        bench.isIn('adopting.waiting');
        bench.reach('retryInspect');
        bench.desk.answer('inspect', { type: `inspection.${found}`, handle: handleOf(), at: 0 });
        if (found === 'alive') bench.stopped();
        assert.equal(bench.settle('ready').kind, 'interrupted');
        bench.ended(final);
      }
    });
  });

  describe('a runner whose actor broke', () => {
    /** What a runner that came so far knew when it broke. */
    const brokenIn = (walk: (bench: RunnerBench) => void): RunnerContext => {
      const bench = new RunnerBench(inspect);
      walk(bench);
      return bench.ref.getSnapshot().context;
    };
    const condemned = (last: RunnerContext): RunnerBench =>
      new RunnerBench(inspect, { kind: 'condemned', reason: 'it broke', last });

    it('with a process: stopped, then settled as lost', () => {
      const bench = condemned(brokenIn((broken) => broken.run()));
      bench.isIn('live.stopping.gracefully');
      bench.stopped({ exit: exitOf(0, { at: WALL_ZERO + 1 }) });
      assert.deepEqual(bench.settle('ready'), { kind: 'lost', reason: 'it broke' });
      bench.ended('lost');
    });

    it('claimed and perhaps launched: the engine is asked before anything is given back', () => {
      for (const found of ['alive', 'neverStarted'] as const) {
        const bench = condemned(
          brokenIn((broken) => {
            broken.giveSlot();
            broken.grantClaim();
          }),
        );
        bench.isIn('adopting.inspecting');
        assert.equal(bench.desk.input('inspect')['runDir'], null);
        bench.desk.answer('inspect', { type: `inspection.${found}`, handle: handleOf(), at: 0 });
        if (found === 'alive') bench.stopped();
        assert.equal(bench.settle('ready').kind, 'lost');
        bench.ended('lost');
      }
    });

    it('with a decided outcome: that still holds', () => {
      const bench = condemned(
        brokenIn((broken) => {
          broken.run();
          broken.exit(0);
        }),
      );
      assert.equal(bench.settle().kind, 'succeeded');
      bench.ended('done');
    });

    it('settled already: only the slot is left to return', () => {
      const bench = condemned(
        brokenIn((broken) => {
          broken.run();
          broken.exit(0);
          broken.desk.answer('settle', { type: 'settle.recorded', report: reportOf('done') });
        }),
      );
      bench.giveBack();
      bench.ended('done');
      assert.equal(bench.desk.count('settle'), 0);
    });

    it('not claimed: the slot is returned and the task tried again', () => {
      const bench = condemned(brokenIn((broken) => broken.giveSlot()));
      bench.giveBack();
      assert.equal(bench.ended('lost').requeueAfterMs, 1000);
      assert.equal(bench.desk.count('settle'), 0);
    });

    it('after it had been adopted: looked for where it was', () => {
      const broken = new RunnerBench(inspect, adopted());
      const bench = condemned(broken.ref.getSnapshot().context);
      assert.equal(bench.desk.input('inspect')['runDir'], '/old/runner-1');
    });
  });
};
