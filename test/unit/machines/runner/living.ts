import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RunnerBench } from '../../../model/runner-bench.ts';
import { exitOf } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';

const DONE = { status: 'done', reason: null, summary: null, retryable: null, retryAfterMs: null } as const;

/** From a live process to the decision about its outcome. */
export const livingTests = ({ inspect }: StatechartCoverage): void => {
  describe('a runner at work', () => {
    for (const [code, kind, final] of [[0, 'succeeded', 'done'], [1, 'failed', 'failed'], [null, 'failed', 'failed']] as const) {
      it(`exit code ${code}: ${kind}`, () => {
        const bench = new RunnerBench(inspect);
        bench.run();
        bench.exit(code);
        assert.equal(bench.settle().kind, kind);
        bench.ended(final);
      });
    }

    it('is parked when it asks for a person, and throttled when it says so', () => {
      for (const [status, kind, final] of [['needs_input', 'parked', 'done'], ['rate_limited', 'throttled', 'failed']] as const) {
        const bench = new RunnerBench(inspect);
        bench.run();
        bench.exit(0, { result: { ...DONE, status } });
        assert.equal(bench.settle('parked').kind, kind);
        bench.ended(final);
      }
    });

    it('is lost when it is gone and nobody saw how', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.desk.answer('watch', { type: 'process.vanished', reason: 'its fork-server died' });
      assert.deepEqual(bench.settle('ready'), { kind: 'lost', reason: 'its fork-server died' });
      bench.ended('lost');
    });

    it('is held, and nothing decided, while the engine is silent', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.desk.answer('watch', { type: 'engine.fellSilent', reason: 'no route' });
      bench.isIn('live.unknown');
      bench.reach('runTime');
      bench.isIn('live.unknown');
      assert.equal(bench.desk.count('settle') + bench.desk.count('releaseSlot'), 0);
      bench.clock.advance(10_000);
      bench.desk.answer('watch', { type: 'engine.answered' });
      bench.isIn('live.running');
      assert.equal(bench.askedDeadline('runTime'), 50_000, 'time went on meanwhile');
      assert.equal(bench.desk.count('watch'), 1, 'and it was watched all the time');
    });

    it('may end while the engine was thought silent', () => {
      const ended = new RunnerBench(inspect);
      ended.run();
      ended.desk.answer('watch', { type: 'engine.fellSilent', reason: 'no route' });
      ended.exit(0);
      ended.settle();
      ended.ended('done');
      const vanished = new RunnerBench(inspect);
      vanished.run();
      vanished.desk.answer('watch', { type: 'engine.fellSilent', reason: 'no route' });
      vanished.desk.answer('watch', { type: 'process.vanished', reason: 'gone' });
      vanished.settle('ready');
      vanished.ended('lost');
    });

    it('loses no time to a jump of the wall clock', () => {
      const bench = new RunnerBench(inspect);
      bench.run(40_000);
      bench.clock.advance(10_000);
      bench.clock.wallOffset = 86_400_000;
      bench.desk.answer('watch', { type: 'engine.fellSilent', reason: 'no route' });
      bench.desk.answer('watch', { type: 'engine.answered' });
      assert.equal(bench.askedDeadline('runTime'), 30_000);
    });
  });

  describe('a runner that is stopped', () => {
    it('past its limit: stopped, settled as timed out, with its limit in the reason', () => {
      const bench = new RunnerBench(inspect);
      bench.run(90_000);
      assert.equal(bench.askedDeadline('runTime'), 90_000);
      bench.clock.advance(90_000);
      bench.reach('runTime');
      bench.isIn('live.stopping.gracefully');
      assert.equal(bench.desk.input('stop')['graceMs'], 30_000);
      assert.ok(bench.parent.types().includes('deadline.clear'));
      bench.stopped({ exit: exitOf(null, { signal: 'SIGKILL', at: bench.clock.wall() + 30_000 }) });
      const outcome = bench.settle('failed');
      assert.deepEqual(outcome, { kind: 'timedOut', reason: 'ran longer than its limit of 1m30s' });
      bench.ended('timedOut');
    });

    it('what ended before the decision to stop it ended by itself', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.clock.advance(1000);
      bench.interrupt();
      bench.exit(0, { at: bench.clock.wall() - 1 });
      bench.isIn('live.stopping.gracefully');
      bench.stopped();
      assert.equal(bench.settle().kind, 'succeeded');
      bench.ended('done');
    });

    it('a good end after the decision counts only if the runner itself says so', () => {
      for (const [result, kind, final] of [[null, 'interrupted', 'cancelled'], [DONE, 'succeeded', 'done']] as const) {
        const bench = new RunnerBench(inspect);
        bench.run();
        bench.interrupt();
        bench.stopped({ exit: exitOf(0, { at: bench.clock.wall() + 5, result }) });
        assert.equal(bench.settle('ready').kind, kind);
        bench.ended(final);
      }
    });

    for (const from of ['running', 'unknown'] as const) {
      for (const [how, kind] of [['interrupt', 'interrupted'], ['cancel', 'cancelled']] as const) {
        it(`${how} while ${from}`, () => {
          const bench = new RunnerBench(inspect);
          bench.run();
          if (from === 'unknown') bench.desk.answer('watch', { type: 'engine.fellSilent', reason: 'no route' });
          bench[how]();
          bench.stopped();
          assert.equal(bench.settle('ready').kind, kind);
          bench.ended('cancelled');
        });
      }
    }

    it('gets no grace once that is over', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.interrupt();
      bench.send({ type: 'runner.force' });
      bench.isIn('live.stopping.forcibly');
      assert.equal(bench.desk.input('stop')['graceMs'], 0);
      bench.stopped();
      bench.settle('ready');
      bench.ended('cancelled');
    });

    it('remembers that there is no more grace when it was still being launched', () => {
      const bench = new RunnerBench(inspect);
      bench.giveSlot();
      bench.grantClaim();
      bench.interrupt();
      bench.send({ type: 'runner.force' });
      bench.launch();
      assert.equal(bench.desk.input('stop')['graceMs'], 0);
    });

    it('a person who cancels during a shutdown is heard; a later shutdown is not', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.interrupt();
      bench.cancel();
      bench.interrupt();
      bench.stopped();
      assert.deepEqual(bench.settle('cancelled'), { kind: 'cancelled', reason: 'a person said so' });
      bench.ended('cancelled');
    });

    it('keeps slot and capacity while anything of it survives', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.interrupt();
      bench.stopped({ survivors: ['4712'] });
      for (let round = 1; round <= 3; round += 1) {
        bench.isIn('live.stopping.surviving');
        assert.equal(bench.askedDeadline('retryStop'), 8000);
        assert.equal(bench.desk.count('releaseSlot') + bench.desk.count('settle'), 0);
        bench.reach('retryLaunch');
        bench.isIn('live.stopping.surviving');
        bench.reach('retryStop');
        bench.isIn('live.stopping.forcibly');
        if (round === 2) bench.refuse('stop', 'transient');
        else bench.stopped({ survivors: ['4712'] });
      }
      bench.send({ type: 'runner.force' });
      bench.stopped();
      bench.settle('ready');
      bench.ended('cancelled');
      const alarms = bench.parent.heard.filter(
        (event) => event.type === 'event.record' && JSON.stringify(event).includes('RunnerSurvived'),
      );
      assert.equal(alarms.length, 4);
    });

    it('a stop that the engine refuses is made again', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.interrupt();
      bench.refuse('stop', 'transient');
      bench.reach('retryStop');
      bench.stopped();
      bench.settle('ready');
      bench.ended('cancelled');
    });
  });
};
