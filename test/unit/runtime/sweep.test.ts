import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunnerMessage } from '../../../machines/messages.ts';
import { runnerId, type PoolName } from '../../../src/domain/ids.ts';
import { ok } from '../../../src/domain/result.ts';
import type { Launcher } from '../../../src/ports/launcher.ts';
import { HeartbeatTable, type HeardRunner } from '../../../src/runtime/heartbeats.ts';
import { Sweep } from '../../../src/runtime/sweep.ts';
import type { SweepParts } from '../../../src/runtime/sweep-parts.ts';
import { VirtualClock } from '../../../src/simulation/virtual-clock.ts';
import { handleOf, LOCAL, readyTask, REGISTRY, settings, slot } from '../../model/samples.ts';

const ID = runnerId('runner-1');
const TIMEOUT_MS = 60_000;

/** The clock of a process whose event loop can be blocked: what came due meanwhile fires afterwards, late. */
class BlockableClock extends VirtualClock {
  #late: (() => void)[] | null = null;

  override setTimeout(fire: () => void, delayMs: number) {
    return super.setTimeout(() => (this.#late === null ? fire() : void this.#late.push(fire)), delayMs);
  }

  block(ms: number): void {
    this.#late = [];
    this.advance(ms);
    const late = this.#late;
    this.#late = null;
    for (const fire of late) fire();
  }
}

const launcher = (): Launcher =>
  ({
    list: (reply) => reply(ok([])),
    activity: (_handle, reply) => reply(ok({ outputBytes: 0, cpuMs: 0 })),
  }) as Partial<Launcher> as Launcher;

const bench = () => {
  const clock = new BlockableClock();
  const heartbeats = new HeartbeatTable(clock);
  const told: RunnerMessage['type'][] = [];
  const ports = {
    clock,
    launchers: new Map<PoolName, Launcher>([[LOCAL, launcher()]]),
    slotChanges: { newest: (_path: string, reply: (seen: ReturnType<typeof ok<number | null>>) => void) => reply(ok(null)) },
  };
  const parts = { ports, office: { registryId: REGISTRY }, settings: settings(), heartbeats } as unknown as SweepParts;
  const runner: HeardRunner = heartbeats.expect({ runnerId: ID, key: readyTask('a').key, attempt: 1, pool: LOCAL, slotId: null, runDir: '/r' });
  heartbeats.attend(ID, {
    handle: handleOf(ID),
    slotPath: slot().path,
    limitWallAt: null,
    stallMs: 900_000,
    tell: (message) => void told.push(message.type),
  });
  const sweep = new Sweep(parts, () => undefined);
  sweep.start();
  return { clock, heartbeats, told, runner, sweep, speak: () => heartbeats.heard(runner, {}) };
};

describe('the sweep', () => {
  it('asks after who has spoken and was silent for half of the time-out, and says again and again that all of it is over', () => {
    const { clock, told, speak } = bench();
    clock.advance(3 * TIMEOUT_MS);
    assert.deepEqual(told, [], 'one that never spoke need not');
    speak();
    clock.advance(TIMEOUT_MS / 2 - 6_000);
    assert.deepEqual(told, []);
    clock.advance(12_000);
    assert.deepEqual(told, ['heartbeat.missed'], 'once');
    clock.advance(TIMEOUT_MS);
    assert.ok(told.filter((type) => type === 'heartbeat.lapsed').length > 2);
    speak();
    assert.equal(told.at(-1), 'heartbeat.resumed');
  });

  it('was the event loop blocked for a minute, or for an hour, nobody is suspected', () => {
    const { clock, told, speak } = bench();
    speak();
    for (const ms of [TIMEOUT_MS, 60 * TIMEOUT_MS]) {
      clock.advance(9_000);
      clock.block(ms);
      // What was sent meanwhile takes some seconds to be read.
      clock.advance(3_000);
      assert.deepEqual(told, []);
      speak();
    }
    clock.advance(TIMEOUT_MS);
    assert.deepEqual(told.slice(0, 1), ['heartbeat.missed'], 'and whoever is silent from then on is found');
  });

  it('takes no notice of the wall clock', () => {
    const { clock, told, speak } = bench();
    for (const offset of [3_600_000, -3_600_000, 0]) {
      clock.wallOffset = offset;
      speak();
      clock.advance(TIMEOUT_MS / 3);
      assert.deepEqual(told, []);
    }
  });

  it('says nothing of one that is being stopped, or has ended', () => {
    const { clock, heartbeats, told, speak } = bench();
    speak();
    heartbeats.stopping(ID);
    clock.advance(3 * TIMEOUT_MS);
    assert.deepEqual(told, []);
  });

  it('says of one that has reported and runs on that it is overdue, after the grace time', () => {
    const { clock, heartbeats, told, runner } = bench();
    const result = { status: 'done', reason: null, summary: null, retryable: null, retryAfterMs: null } as const;
    heartbeats.complete(runner, { text: '{}', result, at: clock.wall() });
    clock.advance(settings().stopGraceMs - 1);
    assert.deepEqual(told, []);
    clock.advance(6_000);
    assert.equal(told[0], 'completion.overdue');
  });

  it('warns once of one that does nothing, then says so', () => {
    const { clock, told } = bench();
    clock.advance(300_000 + 60_000);
    assert.deepEqual(told, ['work.stalling']);
    clock.advance(600_000);
    assert.equal(told[1], 'work.stalled');
  });
});
