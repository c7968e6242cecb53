import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portError } from '../../../../src/domain/failures.ts';
import { DispatcherBench, only } from '../../../model/dispatcher-bench.ts';
import { LOCAL, readyTask } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';
import type { ExpectedWarnings } from '../../../model/watch-warnings.ts';

const DEPOSED = portError('deposed', 'epoch 1 is over');

/** Its epoch is over: it ends, and leaves everything to the one that is in office now. */
export const deposedTests = ({ inspect }: StatechartCoverage, warnings: ExpectedWarnings): void => {
  describe('a dispatcher that was followed by another', () => {
    const REFUSED = { type: 'events.refused', error: DEPOSED } as const;
    const deposed = (): DispatcherBench => {
      warnings.expect(/stopped actor "pool:local/);
      const bench = new DispatcherBench({ inspect, pool: { maxConcurrency: 2 } }).start();
      bench.desk.standing.set('recordEvents', () => REFUSED);
      bench.desk.standing.set('appendToJournal', () => ({ type: 'journal.appended' }));
      return bench;
    };
    /** Stops nothing, returns nothing, and leaves its last word where the other one finds it. */
    const leftAll = (bench: DispatcherBench): void => {
      bench.ended('failed', /^epoch 1 is over$/);
      assert.equal(bench.desk.count('stop') + bench.desk.count('releaseSlot'), 0);
      assert.deepEqual(bench.events('appendToJournal').slice(-1), ['DispatcherStopped']);
    };

    it('a claim is refused: leaves slot and runners as they are', () => {
      const bench = deposed();
      bench.run(readyTask('a'));
      bench.desk.standing.set('claimTask', () => ({ type: 'claim.refused', error: DEPOSED }));
      bench.send({ type: 'registry.changed' });
      bench.feed([readyTask('b')]);
      leftAll(bench);
    });

    it('an outcome is refused', () => {
      const bench = deposed();
      const id = only(bench.run(readyTask('a')));
      bench.desk.standing.set('settle', () => ({ type: 'settle.failed', error: DEPOSED }));
      bench.exit(id);
      leftAll(bench);
    });

    it('an event is refused', () => {
      const bench = deposed();
      bench.run(readyTask('a'));
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.resize', actor: 'user:ann', maxConcurrency: 1 } });
      leftAll(bench);
    });

    it('a poll is refused; whatever else is said to it then leads nowhere', () => {
      const bench = deposed();
      const id = only(bench.run(readyTask('a')));
      bench.desk.standing.delete('appendToJournal');
      bench.desk.standing.set('settle', () => ({ type: 'settle.failed', error: DEPOSED }));
      bench.send({ type: 'registry.changed' });
      bench.desk.answer('fetchChanges', { type: 'changes.failed', error: DEPOSED });
      bench.isIn('forsaking');
      bench.shutdown();
      bench.send({ type: 'task.cancel', key: readyTask('a').key, reason: 'a person said so' });
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.drain', actor: 'user:ann' } });
      bench.exit(id);
      bench.desk.answer('appendToJournal', { type: 'journal.appended' });
      leftAll(bench);
    });

    it('is found in its last event', () => {
      const bench = new DispatcherBench({ inspect, settings: { shutdown: { timeoutMs: 1000, onShutdown: 'leave' } } }).start();
      bench.run(readyTask('a'));
      bench.desk.standing.set('recordEvents', () => REFUSED);
      bench.shutdown();
      bench.isIn('closing');
      bench.desk.standing.set('appendToJournal', () => ({ type: 'journal.appended' }));
      bench.desk.answer('appendToJournal', { type: 'journal.appended' });
      bench.ended('failed', /^epoch 1 is over$/);
      assert.equal(bench.desk.count('stop'), 0);
    });

    it('waits for the journal, but not for ever', () => {
      const bench = deposed();
      bench.desk.standing.delete('appendToJournal');
      bench.send({ type: 'registry.failed', error: DEPOSED });
      bench.isIn('forsaking');
      bench.clock.advance(10_000);
      bench.ended('failed', /^epoch 1 is over$/);
      assert.match(JSON.stringify(bench.telemetry.told), /1 events may be lost/);
    });

    it('ends even if the recorder breaks over it', () => {
      warnings.expect(/stopped actor "recorder/);
      const bench = deposed();
      bench.desk.broken.set('appendToJournal', 1);
      bench.send({ type: 'registry.failed', error: DEPOSED });
      bench.ended('failed', /^epoch 1 is over$/);
    });
  });
};
