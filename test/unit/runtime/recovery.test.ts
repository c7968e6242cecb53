import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DispatcherMessage } from '../../../machines/messages.ts';
import { portError } from '../../../src/domain/failures.ts';
import { specName } from '../../../src/domain/ids.ts';
import { err } from '../../../src/domain/result.ts';
import { recover } from '../../../src/runtime/recovery.ts';
import { dockerEngine } from '../../engines.ts';
import { DispatcherWorld } from '../../model/dispatcher-world.ts';
import { definition } from '../../definition.ts';
import { poolSettings } from '../../model/samples.ts';

const FINE = { launchFailures: [], runMs: 60_000, exitCode: 0, result: null, ignoresTerm: false };

/** A world in which a dispatcher with three slots was killed while all three were in use. */
const abandoned = (): DispatcherWorld => {
  const world = new DispatcherWorld(() => FINE);
  const tasks = ['a', 'b', 'c'].map((id) => definition(id));
  world.submit({ name: specName('app'), repo: null, weight: 1, maxConcurrency: null, done: [], tasks });
  const life = world.live({ settings: { slots: 3 } });
  world.runUntil(() => world.engine.alive.length === 3, 'three to run');
  life.kill();
  return world;
};

describe('recovery', () => {
  it('marks every slot that was lent as held, and hands over every open attempt', () => {
    const world = abandoned();
    const next = world.live({ settings: { slots: 3 } });
    const told: DispatcherMessage[] = [];
    recover(next.ports, (message) => void told.push(message));
    world.runUntil(() => told.length > 0, 'recovery to finish');
    const [finished] = told;
    assert.ok(finished?.type === 'recovery.finished');
    assert.deepEqual(finished.adoptions.map(({ slot }) => slot?.id), ['slot-1', 'slot-2', 'slot-3']);
    assert.deepEqual([...next.ports.repoPool.held().keys()], ['slot-1', 'slot-2', 'slot-3']);
  });

  it('has slots of earlier attempts seen to once it is known which are held, and before anything starts', () => {
    const world = abandoned();
    const next = world.live({ settings: { slots: 3 } });
    const told: string[] = [];
    const watched = Object.create(next.ports.repoPool) as typeof next.ports.repoPool;
    watched.tidy = (reply) => {
      told.push(`tidied beside ${next.ports.repoPool.held().size}`);
      reply(err(portError('transient', 'a disk is full')));
    };
    recover({ ...next.ports, repoPool: watched }, ({ type }) => void told.push(type));
    world.runUntil(() => told.length > 1, 'recovery to finish');
    assert.deepEqual(told, ['tidied beside 3', 'recovery.finished']);
    assert.ok(next.told.some((notice) => notice.type === 'trouble' && notice.message === 'a disk is full'));
  });

  it('says so when a slot is not to be had back, and hands the attempt over without one', () => {
    const world = abandoned();
    const next = world.live({ settings: { slots: 2 } });
    world.runUntil(() => next.told.some(({ type }) => type === 'trouble'), 'the complaint');
    const complaint = next.told.find(({ type }) => type === 'trouble');
    assert.match(JSON.stringify(complaint), /slot slot-3 is not taken over/);
    world.runUntil(() => world.engine.alive.length === 0, 'all to end');
    world.runUntil(() => [...world.tasks().values()].every(({ state }) => state === 'done'), 'all to be settled');
    assert.equal(next.ports.repoPool.held().size, 0);
  });

  it('fails when the registry does not tell', () => {
    const { ports } = new DispatcherWorld(() => FINE).live();
    const told: DispatcherMessage[] = [];
    const broken = Object.create(ports.registry) as typeof ports.registry;
    broken.openAttempts = (reply) => reply(err(portError('permanent', 'unreadable')));
    recover({ ...ports, registry: broken }, (message) => void told.push(message));
    assert.deepEqual(told, [{ type: 'recovery.failed', error: portError('permanent', 'unreadable') }]);
  });
});

describe('a pool that has no launcher', () => {
  it('fails its tasks with the reason, and breaks nothing', () => {
    const world = new DispatcherWorld(() => FINE);
    world.submit({ name: specName('app'), repo: null, weight: 1, maxConcurrency: null, done: [], tasks: [definition('a')] });
    const life = world.live({ pools: [poolSettings({ engine: dockerEngine() })], untilIdle: true });
    world.runToEnd(life);
    assert.equal(life.actor.getSnapshot().output?.failure, null);
    const [task] = world.tasks().values();
    assert.equal(task?.state, 'failed');
    assert.equal(task?.reason, 'launch_failed: pool local: there is no launcher for its type');
  });
});

describe('a pool that is not configured any more', () => {
  it('starts nothing that was claimed for it and not begun: its confinement is gone with it', () => {
    const world = new DispatcherWorld(() => FINE);
    world.submit({ name: specName('app'), repo: null, weight: 1, maxConcurrency: null, done: [], tasks: [definition('a')] });
    const life = world.live();
    world.runUntil(() => [...world.tasks().values()].some(({ state }) => state === 'running'), 'the claim');
    assert.equal(world.engine.alive.length, 0);
    life.kill();
    world.live({ pools: [poolSettings({ enabled: false, maxConcurrency: 0 })] });
    world.runUntil(() => [...world.tasks().values()].every(({ state }) => state !== 'running'), 'the attempt to be given up');
    assert.deepEqual(world.engine.alive, []);
    assert.match(JSON.stringify([...world.tasks().values()]), /is not configured any more/);
  });
});
