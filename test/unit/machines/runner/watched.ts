import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portError } from '../../../../src/domain/failures.ts';
import { RunnerBench } from '../../../model/runner-bench.ts';
import { exitOf, handleOf } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';

const DONE = { status: 'done', reason: null, summary: null, retryable: null, retryAfterMs: null } as const;

/** What the sweep says of a runner, and what comes of it. */
export const watchedTests = ({ inspect }: StatechartCoverage): void => {
  const suspected = (): RunnerBench => {
    const bench = new RunnerBench(inspect);
    bench.run();
    bench.desk.answer('watch', { type: 'heartbeat.missed' });
    bench.isIn('live.suspected.asking');
    return bench;
  };
  const alive = (bench: RunnerBench): void =>
    bench.desk.answer('inspect', { type: 'inspection.alive', handle: handleOf(), at: 0 });
  const lapse = (bench: RunnerBench): void =>
    bench.desk.answer('watch', { type: 'heartbeat.lapsed', silentMs: 60_000, wallAt: bench.clock.wall() });

  describe('a runner that has spoken and is silent', () => {
    it('is only asked after, not taken over again', () => assert.equal(suspected().desk.input('inspect')['adopting'], false));

    it('alive and silent for all of the time-out: stopped as hung, and that counts', () => {
      const bench = suspected();
      alive(bench);
      bench.isIn('live.suspected.waiting');
      assert.equal(bench.desk.count('stop'), 0, 'it still has time');
      lapse(bench);
      bench.isIn('live.stopping.gracefully');
      bench.stopped();
      const outcome = bench.settle('ready');
      assert.equal(outcome.kind, 'timedOut');
      assert.match(JSON.stringify(outcome), /hung: alive, but it has said nothing for 1m/);
      bench.ended('timedOut');
    });

    it('is asked after once more before it is stopped, however long it was silent', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      lapse(bench);
      bench.isIn('live.suspected.asking');
      lapse(bench);
      bench.isIn('live.suspected.asking');
      alive(bench);
      lapse(bench);
      bench.isIn('live.stopping.gracefully');
    });

    it('goes on once it speaks again', () => {
      for (const answered of [false, true]) {
        const bench = suspected();
        if (answered) alive(bench);
        bench.desk.answer('watch', { type: 'heartbeat.resumed' });
        bench.isIn('live.running');
        assert.equal(bench.desk.count('watch'), 1);
      }
    });

    it('gone: lost; ended: as it ended; without a trace: lost', () => {
      const gone = suspected();
      gone.desk.answer('inspect', { type: 'inspection.vanished', reason: 'gone' });
      assert.deepEqual(gone.settle('ready'), { kind: 'lost', reason: 'gone' });
      const ended = suspected();
      ended.desk.answer('inspect', { type: 'inspection.exited', exit: exitOf(0) });
      assert.equal(ended.settle().kind, 'succeeded');
      const traceless = suspected();
      traceless.desk.answer('inspect', { type: 'inspection.neverStarted' });
      assert.equal(traceless.settle('ready').kind, 'lost');
    });

    it('is held while the engine does not answer, and asked after again', () => {
      const bench = suspected();
      bench.desk.answer('inspect', { type: 'inspection.failed', error: portError('transient', 'no route') });
      bench.isIn('live.unknown');
      lapse(bench);
      bench.isIn('live.suspected.asking');
      bench.desk.answer('watch', { type: 'engine.fellSilent', reason: 'no route' });
      bench.isIn('live.unknown');
      bench.desk.answer('watch', { type: 'heartbeat.resumed' });
      bench.isIn('live.running');
      assert.equal(bench.desk.count('stop') + bench.desk.count('settle'), 0);
    });
  });

  describe('a runner that is asked after', () => {
    it('may end by itself meanwhile', () => {
      const ended = suspected();
      ended.exit(0);
      assert.equal(ended.settle().kind, 'succeeded');
      const vanished = suspected();
      vanished.desk.answer('watch', { type: 'process.vanished', reason: 'gone' });
      assert.equal(vanished.settle('ready').kind, 'lost');
    });

    it('may be stopped for every other reason', () => {
      const kinds = { cancel: 'cancelled', interrupt: 'interrupted' } as const;
      for (const how of ['cancel', 'interrupt'] as const) {
        const bench = suspected();
        bench[how]();
        bench.stopped();
        assert.equal(bench.settle('ready').kind, kinds[how]);
      }
      const late = suspected();
      late.reach('runTime');
      late.stopped();
      assert.equal(late.settle('ready').kind, 'timedOut');
      const idle = suspected();
      idle.desk.answer('watch', { type: 'work.stalling', idleMs: 1, limitMs: 3 });
      idle.isIn('live.suspected.asking');
      idle.desk.answer('watch', { type: 'work.stalled', idleMs: 3, wallAt: idle.clock.wall() });
      idle.stopped();
      assert.match(JSON.stringify(idle.settle('ready')), /stalled/);
      const done = suspected();
      done.desk.answer('watch', { type: 'completion.overdue', wallAt: done.clock.wall() });
      done.isIn('live.stopping.gracefully');
    });
  });

  describe('a runner that does nothing', () => {
    it('is warned of, then stopped', () => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.desk.answer('watch', { type: 'work.stalling', idleMs: 300_000, limitMs: 900_000 });
      assert.match(JSON.stringify(bench.parent.heard.at(-1)), /"idle_ms":300000,"stops_after_ms":900000.*RunnerStalling/);
      bench.isIn('live.running');
      bench.desk.answer('watch', { type: 'work.stalled', idleMs: 900_000, wallAt: bench.clock.wall() });
      bench.stopped();
      const outcome = bench.settle('ready');
      assert.equal(outcome.kind, 'timedOut');
      assert.match(JSON.stringify(outcome), /stalled: no progress, output, processor time or change in its slot for 15m/);
      bench.ended('timedOut');
    });
  });

  describe('a runner that has reported and does not end', () => {
    const overdue = (): RunnerBench => {
      const bench = new RunnerBench(inspect);
      bench.run();
      bench.desk.answer('watch', { type: 'completion.overdue', wallAt: bench.clock.wall() });
      return bench;
    };

    it('is stopped, and its report counts, whatever the wall clock says', () => {
      const bench = overdue();
      bench.stopped({ exit: exitOf(null, { signal: 'SIGTERM', at: bench.clock.wall() + 3_600_000, result: DONE }) });
      assert.equal(bench.settle().kind, 'succeeded');
      bench.ended('done');
    });

    it('whose report cannot be had any more is lost', () => {
      const bench = overdue();
      bench.stopped();
      assert.equal(bench.settle('ready').kind, 'lost');
      bench.ended('lost');
    });
  });
};
