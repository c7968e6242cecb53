import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor, type ActorRefFrom } from 'xstate';
import { taskMonitorMachine } from '../../../machines/task-monitor.machine.ts';
import { portError, type FailureKind } from '../../../src/domain/failures.ts';
import type { TaskKey } from '../../../src/domain/ids.ts';
import type { ChangeBatch } from '../../../src/ports/task-registry.ts';
import { coverageTests } from '../../model/coverage-report.ts';
import { listeningParent } from '../../model/listening-parent.ts';
import { PortDesk } from '../../model/port-desk.ts';
import { readyTask } from '../../model/samples.ts';
import { StatechartCoverage } from '../../../src/simulation/statechart-coverage.ts';
import { VirtualClock } from '../../../src/simulation/virtual-clock.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';

const coverage = new StatechartCoverage(taskMonitorMachine);
const POLL = 5000;

failOnWarnings();

const monitor = () => {
  const clock = new VirtualClock();
  const desk = new PortDesk();
  const parent = listeningParent(clock, coverage.inspect);
  const ref: ActorRefFrom<typeof taskMonitorMachine> = createActor(
    taskMonitorMachine.provide({ actors: { fetchChanges: desk.port('fetchChanges') } }),
    { id: 'monitor', parent: parent.ref, input: { pollIntervalMs: POLL } },
  );
  ref.start();
  return {
    clock,
    desk,
    ref,
    parent,
    get fetches(): number {
      return desk.count('fetchChanges');
    },
    isIn: (state: string): void => assert.equal(ref.getSnapshot().value, state),
    give: (rest: Partial<ChangeBatch> = {}): void =>
      desk.answer('fetchChanges', {
        type: 'changes.fetched',
        batch: { ready: [], gone: [], cursor: 1, more: false, ...rest },
      }),
    refuse: (kind: FailureKind): void =>
      desk.answer('fetchChanges', { type: 'changes.failed', error: portError(kind, 'no') }),
    caughtUp: (): readonly unknown[] =>
      parent.heard.filter(({ type }) => type === 'monitor.caughtUp').map((event) => Number(event['token'])),
  };
};

describe('the monitor', () => {
  it('begins with everything that is ready, then asks for what changed since', () => {
    const bench = monitor();
    assert.equal(bench.desk.input('fetchChanges')['cursor'], null);
    bench.give({ ready: [readyTask('a')], gone: ['app/b' as TaskKey], cursor: 17 });
    bench.isIn('waiting');
    assert.deepEqual(bench.parent.heard, [{ type: 'tasks.changed', ready: [readyTask('a')], gone: ['app/b'] }]);
    bench.clock.advance(POLL - 1);
    assert.equal(bench.fetches, 1);
    bench.clock.advance(1);
    assert.equal(bench.fetches, 2);
    assert.equal(bench.desk.input('fetchChanges')['cursor'], 17);
  });

  it('says nothing where nothing changed', () => {
    const bench = monitor();
    bench.give();
    assert.deepEqual(bench.parent.heard, []);
  });

  it('reads all pages at once', () => {
    const bench = monitor();
    bench.give({ ready: [readyTask('a')], cursor: 5, more: true });
    assert.equal(bench.fetches, 2);
    assert.equal(bench.desk.input('fetchChanges')['cursor'], 5);
    bench.give({ ready: [readyTask('b')], cursor: 6 });
    bench.isIn('waiting');
    assert.equal(bench.parent.heard.length, 2);
  });

  it('is woken at once when it waits', () => {
    const bench = monitor();
    bench.give();
    bench.ref.send({ type: 'registry.changed' });
    assert.equal(bench.fetches, 2);
  });

  it('is woken while it fetches: fetches once more, however often it was woken', () => {
    const bench = monitor();
    for (let i = 0; i < 3; i += 1) bench.ref.send({ type: 'registry.changed' });
    assert.equal(bench.fetches, 1);
    bench.give();
    assert.equal(bench.fetches, 2);
    bench.give();
    assert.equal(bench.fetches, 2);
    bench.isIn('waiting');
  });

  it('asks again after a pause while the registry does not answer', () => {
    const bench = monitor();
    bench.refuse('transient');
    bench.isIn('backingOff');
    bench.clock.advance(1000);
    assert.equal(bench.fetches, 2);
    assert.deepEqual(bench.parent.heard, []);
  });

  it('raises the alarm when the registry is broken', () => {
    const bench = monitor();
    bench.refuse('permanent');
    assert.deepEqual(bench.parent.types(), ['registry.failed']);
    bench.isIn('backingOff');
  });
});

describe('the question whether really nothing is left', () => {
  it('is answered by a fetch that began after it', () => {
    const bench = monitor();
    bench.ref.send({ type: 'monitor.check', token: 1 });
    bench.give();
    assert.deepEqual(bench.caughtUp(), [], 'that fetch began before');
    bench.give();
    assert.deepEqual(bench.caughtUp(), [1]);
  });

  it('is answered after the last page only', () => {
    const bench = monitor();
    bench.give();
    bench.ref.send({ type: 'monitor.check', token: 4 });
    bench.give({ more: true });
    assert.deepEqual(bench.caughtUp(), []);
    bench.give({ ready: [readyTask('late')] });
    assert.deepEqual(bench.parent.types(), ['tasks.changed', 'monitor.caughtUp']);
  });

  it('is answered once, the last of several', () => {
    const bench = monitor();
    bench.give();
    for (const token of [1, 2, 3]) bench.ref.send({ type: 'monitor.check', token });
    bench.give();
    bench.give();
    bench.clock.advance(POLL);
    bench.give();
    assert.deepEqual(bench.caughtUp(), [1, 3]);
  });

  it('goes by another interval once it is told', () => {
    const bench = monitor();
    bench.ref.send({ type: 'monitor.configure', pollIntervalMs: 10 });
    bench.give();
    bench.clock.advance(10);
    assert.equal(bench.ref.getSnapshot().value, 'fetching');
  });

  it('survives a registry that does not answer', () => {
    const bench = monitor();
    bench.refuse('transient');
    bench.ref.send({ type: 'monitor.check', token: 1 });
    bench.clock.advance(1000);
    bench.give();
    assert.deepEqual(bench.caughtUp(), [1]);
  });
});

// Last in this file: it looks back on the others.
coverageTests(coverage);
