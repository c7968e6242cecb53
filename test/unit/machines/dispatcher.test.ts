import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dispatcherMachine } from '../../../machines/dispatcher/machine.ts';
import { portError } from '../../../src/domain/failures.ts';
import { poolName, type RunnerId } from '../../../src/domain/ids.ts';
import { DispatcherBench } from '../../model/dispatcher-bench.ts';
import { LOCAL, readyTask, reportOf } from '../../model/samples.ts';
import { StatechartCoverage } from '../../model/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';

const coverage = new StatechartCoverage(dispatcherMachine);
const { inspect } = coverage;
const BROKEN = portError('permanent', 'disk full');

const warnings = failOnWarnings();

const only = (ids: readonly RunnerId[]): RunnerId => {
  const [id] = ids;
  assert.ok(id);
  return id;
};

describe('a dispatcher that works', () => {
  it('takes over what was left before anything new starts', () => {
    const bench = new DispatcherBench({ inspect });
    bench.isIn('starting');
    const adoption = bench.adoption(readyTask('left'));
    bench.start([adoption]);
    bench.isIn('running');
    assert.equal(bench.scheduler.ledger.running, 1);
    assert.deepEqual(bench.telemetry.told, [{ type: 'dispatcherRunning', adopted: 1 }]);
    assert.deepEqual(bench.events(), ['DispatcherStarted']);
    bench.desk.answer('inspect', { type: 'inspection.exited', exit: { exitCode: 0, signal: null, at: 0, result: null } });
    assert.equal(bench.scheduler.ledger.running, 0);
  });

  it('starts what is ready up to the limits, and the next as soon as one ends', () => {
    const bench = new DispatcherBench({ inspect, pool: { maxConcurrency: 1 } }).start();
    bench.feed([readyTask('a', { position: 1 }), readyTask('b', { position: 2 })]);
    assert.equal(bench.desk.count('launch'), 1);
    const { runnerId: a } = bench.scheduler.runnerOf(readyTask('a').key) ?? { runnerId: only([]) };
    bench.launch(a);
    bench.exit(a);
    assert.equal(bench.desk.count('launch'), 2);
    assert.equal(bench.told('runnerSettled'), 1);
  });

  it('is woken by the registry', () => {
    const bench = new DispatcherBench({ inspect }).start();
    bench.feed();
    bench.send({ type: 'registry.changed' });
    bench.feed([readyTask('a')]);
    assert.equal(bench.desk.count('launch'), 1);
  });

  it('does not lose a retry that the feed tells of before the slot is back', () => {
    const bench = new DispatcherBench({ inspect }).start();
    const task = readyTask('a');
    const id = only(bench.run(task));
    bench.desk.standing.delete('releaseSlot');
    bench.exit(id);
    bench.send({ type: 'registry.changed' });
    bench.feed([readyTask('a', { fence: 1 })]);
    assert.equal(bench.desk.count('launch'), 1);
    bench.desk.answer('releaseSlot', { type: 'slot.released' });
    assert.equal(bench.desk.count('launch'), 2, 'started again under the next attempt');
  });

  it('waits out a back-off, with one timer for the earliest', () => {
    const bench = new DispatcherBench({ inspect }).start();
    const until = (ms: number) => bench.clock.wall() + ms;
    bench.feed([readyTask('late', { notBefore: until(30_000) }), readyTask('soon', { notBefore: until(10_000) })]);
    assert.equal(bench.clock.pending, 2, 'that and the poll');
    bench.clock.advance(4999);
    assert.equal(bench.desk.count('launch'), 0);
    bench.clock.advance(1);
    bench.feed([readyTask('sooner', { notBefore: until(1000) })]);
    bench.clock.advance(1000);
    assert.equal(bench.desk.count('launch'), 1);
    bench.clock.advance(4000);
    bench.feed();
    assert.equal(bench.desk.count('launch'), 2);
    bench.clock.advance(5000);
    bench.feed();
    assert.equal(bench.desk.count('launch'), 2);
  });

  it('tries a task again whose slot was refused, without blocking the others', () => {
    const bench = new DispatcherBench({ inspect }).start();
    bench.desk.standing.set('obtainSlot', () => ({ type: 'slot.refused', error: portError('unavailable', 'none') }));
    bench.feed([readyTask('a')]);
    assert.equal(bench.scheduler.delayed, 1);
    bench.desk.standing.set('obtainSlot', () => ({ type: 'slot.obtained', slot: { id: 's', path: '/s', branch: null } }));
    bench.clock.advance(1000);
    assert.equal(bench.desk.count('launch'), 1);
  });

  it('forgets what is gone', () => {
    const bench = new DispatcherBench({ inspect, pool: { enabled: false } }).start();
    bench.feed([readyTask('a')]);
    bench.send({ type: 'registry.changed' });
    bench.feed([], [readyTask('a').key]);
    assert.equal(bench.scheduler.waiting, 0);
  });

  it('tells once of a task that no pool can take, and records it with its name', () => {
    const bench = new DispatcherBench({ inspect, settings: { strictSkills: true } }).start();
    bench.feed([readyTask('a', { requiredSkill: 'cobol' }), readyTask('b', { requiredSkill: 'cobol' })]);
    assert.equal(bench.told('taskUnplaceable'), 1);
    assert.deepEqual(bench.events(), ['DispatcherStarted', 'TaskUnplaceable']);
  });

  it('cancels a task that runs', () => {
    const bench = new DispatcherBench({ inspect }).start();
    const task = readyTask('a');
    const id = only(bench.run(task));
    bench.send({ type: 'task.cancel', key: readyTask('unknown').key, reason: 'no more' });
    bench.send({ type: 'task.cancel', key: task.key, reason: 'no more' });
    bench.stopped(id);
    assert.deepEqual(bench.desk.input('settle')['outcome'], { kind: 'cancelled', reason: 'no more' });
  });

  it('obeys orders to pools, records them, and survives one to a pool that does not exist', () => {
    const bench = new DispatcherBench({ inspect }).start();
    bench.feed();
    const order = (type: 'pool.enable' | 'pool.drain') =>
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type, actor: 'user:ann' } });
    bench.send({ type: 'pool.order', pool: poolName('ghost'), order: { type: 'pool.drain', actor: 'user:eve' } });
    order('pool.drain');
    bench.send({ type: 'registry.changed' });
    bench.feed([readyTask('a')]);
    assert.equal(bench.desk.count('launch'), 0);
    order('pool.enable');
    assert.equal(bench.desk.count('launch'), 1);
    bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.resize', actor: 'user:ann', maxConcurrency: 2 } });
    const expected = ['DispatcherStarted', 'PoolDisabled', 'TaskUnplaceable', 'PoolEnabled', 'PoolResized'];
    assert.deepEqual(bench.events(), expected);
    bench.isIn('running');
  });

  it('survives an order before its pools exist', () => {
    const bench = new DispatcherBench({ inspect });
    bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.drain', actor: 'user:ann' } });
    bench.start();
    bench.isIn('running');
  });

  it('takes a pool out whose launches fail, and brings it back after a probe', () => {
    const bench = new DispatcherBench({ inspect, pool: { maxConcurrency: 1 } }).start();
    bench.feed([readyTask('a'), readyTask('b', { position: 2 })]);
    const { runnerId: id } = bench.scheduler.runnerOf(readyTask('a').key) ?? { runnerId: only([]) };
    for (const pause of [1000, 2000, 0]) {
      bench.failLaunch(id);
      bench.clock.advance(pause);
    }
    assert.equal(bench.scheduler.waiting, 1);
    for (let at = 3000; at < 33_000; at += 5000) bench.clock.advance(5000);
    bench.desk.answer('probe', { type: 'engine.healthy' });
    assert.equal(bench.desk.count('launch'), 4);
    const pools = bench.events().filter((type) => type.startsWith('Pool'));
    assert.deepEqual(pools, ['PoolTripped', 'PoolRecovered']);
  });

  it('until idle: ends once the monitor has looked again and found nothing', () => {
    const bench = new DispatcherBench({ inspect, untilIdle: true }).start();
    bench.feed([readyTask('a')]);
    const { runnerId: id } = bench.scheduler.runnerOf(readyTask('a').key) ?? { runnerId: only([]) };
    bench.launch(id);
    bench.feed();
    bench.isIn('running');
    bench.exit(id);
    bench.isIn('running');
    bench.feed([readyTask('b')]);
    bench.isIn('running');
    const next = bench.scheduler.runnerOf(readyTask('b').key)?.runnerId ?? id;
    bench.launch(next);
    bench.exit(next);
    bench.feed();
    bench.ended('stopped', /^idle$/);
    assert.deepEqual(bench.events(), ['DispatcherStarted', 'DispatcherStopped']);
  });

  it('until idle: does not wait for what no pool can take', () => {
    for (const pool of [{ enabled: false }, { memoryQuota: 100 }]) {
      const bench = new DispatcherBench({ inspect, untilIdle: true, pool }).start();
      bench.feed([readyTask('a')]);
      bench.feed();
      if (bench.state === 'running') bench.feed();
      bench.ended('stopped', /^idle$/);
    }
  });
});

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
    bench.clock.advance(5000);
    bench.ended('stopped', /^SIGTERM$/);
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
    bench.clock.advance(5000);
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
    bench.clock.advance(5000);
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

describe('the dispatcher statechart', () => {
  it('has no state that cannot be reached', () => assert.deepEqual(coverage.missedStates, []));
  it('has no transition that was not taken here', () => assert.deepEqual(coverage.missedTransitions, []));
});
