import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentPoolMachine } from '../../../machines/agent-pool/machine.ts';
import { portError } from '../../../src/domain/failures.ts';
import { runnerId } from '../../../src/domain/ids.ts';
import { event } from '../../../src/domain/events.ts';
import { PoolBench } from '../../model/pool-bench.ts';
import { handleOf, LOCAL, openAttempt, readyTask, slot } from '../../model/samples.ts';
import { StatechartCoverage } from '../../model/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';

const coverage = new StatechartCoverage(agentPoolMachine);
const { inspect } = coverage;
const ORDER = { actor: 'user:ann', reason: 'repairs' };

failOnWarnings();

/** A pool whose last three launches failed. */
const tripped = (): PoolBench => {
  const bench = new PoolBench(inspect);
  for (const id of ['a', 'b', 'c']) {
    bench.assign(id);
    bench.failLaunch(id);
  }
  bench.isIn('tripped');
  return bench;
};

describe('a pool and its runners', () => {
  it('runs what it is assigned and tells of every end', () => {
    const bench = new PoolBench(inspect);
    bench.assign('a');
    bench.assign('b');
    assert.equal(bench.running, 2);
    bench.launch('a');
    bench.launch('b');
    bench.exit('b');
    bench.exit('a');
    const ends = bench.heard('runner.settled').map((settled) => settled['runnerId']);
    assert.deepEqual(ends, ['b', 'a']);
    assert.equal(bench.running, 0);
    const started = bench.telemetry.told.filter(({ type }) => type === 'runnerStarted');
    assert.equal(started.length, 2);
    assert.equal(bench.clock.pending, 1, 'its timer is all that is left');
    bench.clock.advance(60_000);
    assert.equal(bench.clock.pending, 0, 'and that finds nothing to do');
  });

  it('does not run the same runner twice', () => {
    const bench = new PoolBench(inspect);
    bench.assign('a');
    bench.assign('a');
    assert.equal(bench.desk.count('obtainSlot'), 1);
  });

  it('adopts in every state', () => {
    const bench = new PoolBench(inspect, { enabled: false });
    const id = runnerId('left');
    const adoption = { runnerId: id, pool: LOCAL, attempt: openAttempt(readyTask('left'), id), slot: slot() };
    bench.send({ type: 'runner.adopt', adoption });
    bench.answer('inspect', 'left', { type: 'inspection.alive', handle: handleOf(id), at: 0 });
    assert.deepEqual(bench.telemetry.told.map((told) => 'adopted' in told && told.adopted), [true]);
    bench.exit('left');
    assert.equal(bench.heard('runner.settled').length, 1);
  });

  it('keeps one timer for all run-time limits, and says so to the right runner', () => {
    const bench = new PoolBench(inspect);
    for (const [id, at] of [['a', 0], ['b', 10_000], ['c', 5000]] as const) {
      bench.clock.advance(at);
      bench.assign(id);
      bench.launch(id);
      assert.equal(bench.clock.pending, 1);
    }
    bench.clock.advance(59_999 - 15_000);
    assert.equal(bench.desk.count('stop'), 0);
    bench.clock.advance(1);
    assert.deepEqual(bench.runner('a').getSnapshot().value, { live: { stopping: 'gracefully' } });
    bench.exit('b');
    bench.clock.advance(15_000);
    assert.deepEqual(bench.runner('c').getSnapshot().value, { live: { stopping: 'gracefully' } });
    assert.equal(bench.clock.pending, 0);
  });

  it('moves its timer forward when an earlier deadline appears', () => {
    const bench = new PoolBench(inspect);
    bench.assign('a');
    bench.launch('a');
    bench.assign('b');
    bench.failLaunch('b');
    assert.equal(bench.clock.pending, 1);
    bench.clock.advance(1000);
    assert.equal(bench.desk.calls.filter(({ port }) => port === 'launch').length, 3, 'a once, b twice');
  });

  it('interrupts and forces all of them, and cancels one', () => {
    const bench = new PoolBench(inspect);
    for (const id of ['a', 'b', 'c']) {
      bench.assign(id);
      bench.launch(id);
    }
    bench.send({ type: 'task.cancel', runnerId: runnerId('nobody'), reason: 'no more', wallAt: 0 });
    assert.equal(bench.desk.count('stop'), 0);
    bench.send({ type: 'task.cancel', runnerId: runnerId('b'), reason: 'no more', wallAt: 0 });
    assert.equal(bench.desk.count('stop'), 1);
    bench.send({ type: 'pool.interrupt', reason: 'shutdown', wallAt: 0 });
    assert.equal(bench.desk.count('stop'), 3);
    bench.send({ type: 'pool.force' });
    assert.equal(bench.desk.count('stop'), 6);
    for (const id of ['a', 'b', 'c']) bench.answer('stop', id, { type: 'stop.finished', exit: null, survivors: [] });
    const settled = bench.desk.calls.filter(({ port }) => port === 'settle');
    const kinds = settled.map(({ input }) => (input as { outcome: { kind: string } }).outcome.kind);
    assert.deepEqual(kinds, ['interrupted', 'cancelled', 'interrupted']);
  });

  it('passes on events and the alarm of a broken registry', () => {
    const bench = new PoolBench(inspect);
    bench.send({ type: 'event.record', event: event('RunnerSurvived', 0, 'dispatcher') });
    bench.send({ type: 'registry.failed', error: portError('permanent', 'disk') });
    assert.deepEqual(bench.parent.types(), ['event.record', 'registry.failed']);
  });
});

describe('a runner actor that breaks', () => {
  it('is replaced by one that stops the process, settles the attempt as lost and returns the slot', () => {
    const bench = new PoolBench(inspect);
    bench.assign('a');
    bench.desk.broken.set('watch', 1);
    bench.launch('a');
    assert.deepEqual(bench.runner('a').getSnapshot().value, { live: { stopping: 'gracefully' } });
    const [alarm] = bench.telemetry.told.filter(({ type }) => type === 'trouble');
    assert.match(JSON.stringify(alarm), /watch is broken/);
    assert.equal(bench.desk.count('settle') + bench.desk.count('releaseSlot'), 0);
    bench.answer('stop', 'a', { type: 'stop.finished', exit: null, survivors: [] });
    const { outcome } = bench.desk.input('settle') as { outcome: { kind: string } };
    assert.equal(outcome.kind, 'lost');
    assert.equal(bench.desk.count('releaseSlot'), 1);
    assert.equal(bench.heard('runner.settled').length, 1);
    assert.equal(bench.running, 0);
  });

  it('is not replaced for ever: one that breaks while it cleans up brings the pool down', () => {
    const bench = new PoolBench(inspect);
    bench.assign('a');
    bench.desk.broken.set('watch', 2);
    bench.launch('a');
    const [error] = bench.heard('xstate.error.actor.pool');
    assert.match(String(error?.['error']), /a broke: Error: watch is broken/);
    assert.equal(bench.desk.count('releaseSlot'), 0, 'the process may be alive');
  });

  it('no runner, but the probe: brings the pool down', () => {
    const bench = tripped();
    bench.desk.broken.set('probe', 1);
    bench.clock.advance(30_000);
    assert.match(String(bench.heard('xstate.error.actor.pool')[0]?.['error']), /probe is broken/);
  });
});

describe('a pool that is ordered about', () => {
  it('begins disabled when it is configured so, and declines', () => {
    const bench = new PoolBench(inspect, { enabled: false });
    bench.isIn('disabled');
    bench.assign('a');
    assert.equal(bench.running, 0);
    assert.deepEqual(bench.parent.types(), ['runner.declined']);
    bench.send({ type: 'pool.enable', actor: 'user:ann' });
    bench.isIn('enabled');
    assert.deepEqual(bench.states, ['enabled']);
  });

  it('disabled by a person: what runs goes on, nothing new', () => {
    const bench = new PoolBench(inspect);
    bench.assign('a');
    bench.launch('a');
    bench.send({ type: 'pool.disable', ...ORDER });
    bench.assign('b');
    assert.equal(bench.heard('runner.declined').length, 1);
    bench.exit('a');
    assert.equal(bench.heard('runner.settled').length, 1);
    const [changed] = bench.heard('pool.changed');
    assert.deepEqual([changed?.['actor'], changed?.['reason'], changed?.['accepting']], ['user:ann', 'repairs', false]);
  });

  it('drains: disabled once its last runner is settled', () => {
    const bench = new PoolBench(inspect);
    for (const id of ['a', 'b']) {
      bench.assign(id);
      bench.launch(id);
    }
    bench.send({ type: 'pool.drain', actor: 'user:ann' });
    bench.isIn('draining');
    bench.assign('c');
    bench.exit('a');
    bench.isIn('draining');
    bench.exit('b');
    bench.isIn('disabled');
    assert.deepEqual(bench.states, ['draining', 'disabled']);
  });

  it('drains at once when it is empty', () => {
    const bench = new PoolBench(inspect);
    bench.send({ type: 'pool.drain', actor: 'user:ann' });
    bench.isIn('disabled');
  });

  it('may be enabled or disabled while it drains', () => {
    for (const [order, state] of [['pool.enable', 'enabled'], ['pool.disable', 'disabled']] as const) {
      const bench = new PoolBench(inspect);
      bench.assign('a');
      bench.send({ type: 'pool.drain', actor: 'user:ann' });
      bench.send({ type: order, ...ORDER });
      bench.isIn(state);
    }
  });

  it('is resized while it runs', () => {
    const bench = new PoolBench(inspect);
    bench.send({ type: 'pool.resize', actor: 'user:ann', maxConcurrency: 9 });
    const [resized] = bench.heard('pool.resized');
    assert.deepEqual([resized?.['maxConcurrency'], resized?.['actor']], [9, 'user:ann']);
  });
});

describe('a pool whose launches fail', () => {
  it('is taken out, rests, is probed, and comes back', () => {
    const bench = tripped();
    const [changed] = bench.heard('pool.changed');
    assert.deepEqual([changed?.['state'], changed?.['accepting']], ['tripped', false]);
    assert.equal(changed?.['reason'], '3 launches in a row failed: no room');
    bench.assign('d');
    assert.equal(bench.heard('runner.declined').length, 1);
    bench.clock.advance(1000);
    for (const id of ['a', 'b', 'c']) bench.failLaunch(id, 'permanent');
    bench.clock.advance(29_000);
    bench.isIn('probing');
    bench.desk.answer('probe', { type: 'engine.unhealthy', error: portError('transient', 'still down') });
    bench.isIn('tripped');
    bench.clock.advance(30_000);
    bench.desk.answer('probe', { type: 'engine.healthy' });
    bench.isIn('enabled');
    assert.deepEqual(bench.states, ['tripped', 'enabled']);
    bench.assign('e');
    bench.failLaunch('e');
    bench.isIn('enabled');
  });

  it('counts failures in a row only, and none that are the task\'s own fault', () => {
    const bench = new PoolBench(inspect);
    for (const id of ['a', 'b', 'c', 'd']) {
      bench.assign(id);
      bench.failLaunch(id, 'permanent');
    }
    for (const id of ['e', 'f', 'g', 'h']) bench.assign(id);
    bench.failLaunch('e');
    bench.failLaunch('f');
    bench.launch('g');
    bench.failLaunch('h');
    bench.isIn('enabled');
  });

  for (const state of ['tripped', 'probing'] as const) {
    const reached = (): PoolBench => {
      const bench = tripped();
      if (state === 'probing') bench.clock.advance(30_000);
      bench.isIn(state);
      return bench;
    };

    it(`${state}: a person may disable it`, () => {
      const bench = reached();
      bench.send({ type: 'pool.disable', ...ORDER });
      bench.isIn('disabled');
    });

    it(`${state}: an order to drain is not forgotten`, () => {
      const bench = reached();
      bench.send({ type: 'pool.drain', actor: 'user:ann' });
      bench.isIn('draining');
      for (const id of ['a', 'b', 'c']) bench.runner(id).send({ type: 'runner.interrupt', reason: 'end', wallAt: 0 });
      // Those that were launched meanwhile have something to stop.
      for (const call of bench.desk.calls.filter(({ open, port }) => open && port === 'launch')) {
        call.answer({ type: 'launch.failed', error: portError('permanent', 'no') });
      }
      bench.isIn('disabled');
      const empty = reached();
      for (const id of ['a', 'b', 'c']) empty.runner(id).send({ type: 'runner.interrupt', reason: 'end', wallAt: 0 });
      for (const call of empty.desk.calls.filter(({ open, port }) => open && port === 'launch')) {
        call.answer({ type: 'launch.failed', error: portError('permanent', 'no') });
      }
      empty.send({ type: 'pool.drain', actor: 'user:ann' });
      empty.isIn('disabled');
    });
  }

  it('tripped: a person may enable it without waiting', () => {
    const bench = tripped();
    bench.send({ type: 'pool.enable', actor: 'user:ann' });
    bench.isIn('enabled');
  });
});

describe('the agent pool statechart', () => {
  it('has no state that cannot be reached', () => assert.deepEqual(coverage.missedStates, []));
  it('has no transition that was not taken here', () => assert.deepEqual(coverage.missedTransitions, []));
});
