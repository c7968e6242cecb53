import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portError } from '../../../../src/domain/failures.ts';
import { DispatcherBench, only } from '../../../model/dispatcher-bench.ts';
import { LOCAL, readyTask, reportOf } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';
import type { ExpectedWarnings } from '../../../model/watch-warnings.ts';

const BROKEN = portError('permanent', 'disk full');

/** Shutdown in all its ways, and the ends that nobody asked for. */
export const endingTests = ({ inspect }: StatechartCoverage, warnings: ExpectedWarnings): void => {
  describe('a dispatcher that shuts down', () => {
    it('starts nothing more and waits for what runs', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.shutdown();
      bench.isIn('draining');
      assert.equal(bench.told('shutdownWaiting'), 1);
      bench.send({ type: 'registry.changed' });
      bench.exit(id);
      bench.ended('stopped', /^SIGTERM$/);
      assert.deepEqual(bench.events(), ['DispatcherStarted', 'DispatcherStopping', 'DispatcherStopped']);
      assert.equal(bench.told('shutdownStopping'), 0);
    });

    it('past the timeout stops what is left, and returns its tasks without using up an attempt', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.shutdown();
      bench.clock.advance(299_999);
      bench.isIn('draining');
      bench.clock.advance(1);
      bench.isIn('aborting');
      bench.stopped(id);
      assert.equal((bench.desk.input('settle')['outcome'] as { kind: string }).kind, 'interrupted');
      bench.ended('stopped', /^SIGTERM$/);
    });

    it('a second request ends the wait, a third the grace', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.shutdown();
      bench.shutdown();
      bench.isIn('aborting');
      assert.equal(bench.desk.input('stop')['graceMs'], 30_000);
      bench.shutdown();
      assert.equal(bench.desk.input('stop')['graceMs'], 0);
      bench.stopped(id);
      bench.ended('stopped', /^SIGTERM$/);
    });

    it('says that it failed when something cannot be proven dead', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.shutdown();
      bench.shutdown();
      bench.stopped(id, ['4712']);
      bench.clock.advance(90_000);
      assert.equal(bench.desk.count('releaseSlot'), 0);
      bench.ended('failed', /^1 runners are not proven dead$/);
    });

    it('leaves its runners alone when told so', () => {
      const bench = new DispatcherBench({ inspect, settings: { shutdown: { timeoutMs: 1000, onShutdown: 'leave' } } });
      bench.start().run(readyTask('a'));
      bench.shutdown();
      bench.ended('stopped', /^SIGTERM$/);
      assert.equal(bench.desk.count('stop') + bench.desk.count('settle'), 0);
    });

    it('asked during recovery: first learns what runs, then drains; asked twice: ends', () => {
      const patient = new DispatcherBench({ inspect });
      patient.shutdown();
      patient.isIn('starting');
      patient.start([patient.adoption(readyTask('left'))]);
      patient.isIn('draining');
      patient.desk.answer('inspect', { type: 'inspection.vanished', reason: 'gone' });
      patient.ended('stopped', /^SIGTERM$/);
      const hasty = new DispatcherBench({ inspect });
      hasty.shutdown();
      hasty.shutdown();
      hasty.ended('stopped', /^SIGTERM$/);
    });

    it('waits for its last events, but not for ever', () => {
      const bench = new DispatcherBench({ inspect });
      bench.desk.standing.delete('recordEvents');
      bench.start().feed();
      bench.shutdown();
      bench.isIn('closing');
      bench.send({ type: 'pool.changed', pool: LOCAL, state: 'draining', accepting: false, actor: 'user:ann', reason: '' });
      bench.send({ type: 'pool.resized', pool: LOCAL, maxConcurrency: 1, actor: 'user:ann' });
      bench.clock.advance(10_000);
      bench.ended('stopped', /^SIGTERM$/);
      assert.match(JSON.stringify(bench.telemetry.told), /5 events may be lost/);
    });

    it('puts a task back that a pool declined at the last moment', () => {
      const bench = new DispatcherBench({ inspect, pool: { maxConcurrency: 1 } }).start();
      const task = readyTask('a');
      const id = only(bench.run(task));
      bench.send({ type: 'runner.declined', runnerId: id, task });
      assert.equal(bench.desk.count('launch'), 1, 'the same runner id is not spawned twice');
      bench.shutdown();
      bench.send({ type: 'runner.declined', runnerId: id, task });
      assert.equal(bench.scheduler.waiting, 1);
    });
  });

  describe('a dispatcher that is drained', () => {
    it('starts nothing more, waits for what runs without a limit, and ends', () => {
      const bench = new DispatcherBench({ inspect, settings: { shutdown: { timeoutMs: 1000, onShutdown: 'leave' } } }).start();
      const id = only(bench.run(readyTask('a')));
      bench.drain();
      bench.isIn('finishing');
      bench.drain();
      bench.send({ type: 'registry.changed' });
      bench.clock.advance(3_600_000);
      bench.isIn('finishing');
      assert.deepEqual([bench.told('draining'), bench.told('shutdownWaiting'), bench.desk.count('stop')], [1, 0, 0]);
      bench.exit(id);
      bench.ended('stopped', /^drained$/);
      assert.deepEqual(bench.events(), ['DispatcherStarted', 'DispatcherDraining', 'DispatcherStopped']);
    });

    it('with nothing to wait for ends at once; during recovery, once it is known what runs', () => {
      const idle = new DispatcherBench({ inspect }).start();
      idle.drain();
      idle.ended('stopped', /^drained$/);
      const early = new DispatcherBench({ inspect });
      early.drain();
      early.isIn('starting');
      early.start([early.adoption(readyTask('left'))]);
      early.isIn('finishing');
      early.desk.answer('inspect', { type: 'inspection.vanished', reason: 'gone' });
      early.ended('stopped', /^drained$/);
    });

    it('and then told to stop, waits no longer than a shutdown does', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.drain();
      bench.shutdown();
      bench.isIn('draining');
      bench.clock.advance(300_000);
      bench.isIn('aborting');
      bench.stopped(id);
      bench.ended('stopped', /^SIGTERM$/);
    });
  });

  describe('a dispatcher that cannot go on', () => {
    it('ends when recovery fails', () => {
      const bench = new DispatcherBench({ inspect });
      bench.desk.answer('recover', { type: 'recovery.failed', error: BROKEN });
      bench.ended('failed', /disk full/);
    });

    it('ends, touching nothing, when the registry is broken', () => {
      warnings.expect(/stopped actor "pool:local/);
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.desk.standing.set('settle', () => ({ type: 'settle.failed', error: BROKEN }));
      bench.exit(id);
      bench.ended('failed', /disk full/);
      assert.equal(bench.desk.count('releaseSlot'), 0);
    });

    it('stops its runners when one of its actors breaks', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.desk.broken.set('fetchChanges', 1);
      bench.send({ type: 'registry.changed' });
      bench.clock.advance(5000);
      bench.isIn('aborting');
      bench.stopped(id);
      bench.ended('failed', /fetchChanges is broken/);
    });

    it('ends when recovery itself breaks', () => {
      const bench = new DispatcherBench({ inspect, broken: 'recover' });
      bench.ended('failed', /recover is broken/);
    });

    it('ends even if the recorder breaks', () => {
      warnings.expect(/stopped actor "recorder/);
      const bench = new DispatcherBench({ inspect }).start();
      bench.desk.broken.set('recordEvents', 1);
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.resize', actor: 'user:ann', maxConcurrency: 1 } });
      bench.isIn('closing');
      bench.clock.advance(10_000);
      bench.ended('failed', /recordEvents is broken/);
    });

    it('ends even if the recorder breaks while it stops', () => {
      warnings.expect(/stopped actor "recorder/);
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.shutdown();
      bench.shutdown();
      bench.desk.broken.set('recordEvents', 1);
      bench.stopped(id, ['4712']);
      bench.isIn('aborting');
      bench.clock.advance(8000);
      bench.stopped(id);
      bench.clock.advance(10_000);
      bench.ended('failed', /recordEvents is broken/);
    });

    it('ends even if the recorder breaks over the last event', () => {
      const bench = new DispatcherBench({ inspect }).start();
      bench.feed();
      bench.desk.standing.delete('recordEvents');
      bench.shutdown();
      bench.isIn('closing');
      bench.desk.broken.set('recordEvents', 1);
      bench.desk.answer('recordEvents', { type: 'events.recorded' });
      bench.ended('failed', /recordEvents is broken/);
    });

    it('a settlement that comes while it drains is booked', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      bench.desk.standing.set('settle', () => ({ type: 'settle.recorded', report: reportOf('ready', { notBefore: 1 }) }));
      bench.shutdown();
      bench.exit(id);
      assert.equal(bench.scheduler.ledger.running, 0);
    });
  });
};
