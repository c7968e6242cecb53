import { poolName, type RegistryId } from '../domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import { ok } from '../domain/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { KeyedEvent } from '../ports/event-journal.ts';
import type { Notice } from '../ports/telemetry.ts';
import { createDispatcherActor, type DispatcherActor } from '../runtime/dispatcher-actor.ts';
import { HeartbeatTable } from '../runtime/heartbeats.ts';
import type { Ports } from '../runtime/ports.ts';
import { RunnerDesk } from '../runtime/runner-desk.ts';
import type { SchedulingPolicy } from '../scheduling/scheduling-policy.ts';
import type { SimulatedEngine } from './engine.ts';
import type { Faults } from './faults.ts';
import type { KeyedEntropy } from './keyed-entropy.ts';
import { SimulatedJournal, type JournalObserver } from './simulated-journal.ts';
import { SimulatedLauncher } from './simulated-launcher.ts';
import { SimulatedRegistry, type RegistrySource } from './simulated-registry.ts';
import { SimulatedReports, type ReportLines } from './simulated-reports.ts';
import { SimulatedSlots, type SlotObserver } from './simulated-slots.ts';
import type { Trace } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How long it takes to read what came in during a freeze. */
const CATCHING_UP_MS = 3_000;

/** What every life of a dispatcher is lived in. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly luck: KeyedEntropy;
  readonly faults: Faults;
  readonly engine: SimulatedEngine;
  readonly source: RegistrySource;
  readonly journalLines: KeyedEvent[];
  readonly reportLines: ReportLines;
  readonly observer: SlotObserver & JournalObserver;
  readonly sinkIsDown: () => boolean;
  /** `null`: nobody wants one. */
  readonly trace: Pick<Trace, 'inspect'> | null;
  readonly settings: DispatcherSettings;
  readonly pools: readonly PoolSettings[];
  /** The user's own, for `schedulingPolicy: custom`. */
  readonly policy?: SchedulingPolicy | null;
  /** Puts something off until later; all that happens, happens through this. */
  readonly later: (fn: () => void, delayMs?: number) => void;
  /** For tests of the alarm: puts a deliberate bug between the dispatcher and its world. */
  readonly tamper?: (ports: Ports) => Ports;
}

export interface LifeOptions {
  readonly number: number;
  readonly registryId: RegistryId;
  readonly epoch: number;
  readonly untilIdle: boolean;
  /** Calls back once every earlier life is over. */
  readonly whenAlone: (fn: () => void) => void;
}

/**
 * One dispatcher's life. Everything it has of the world it has through its own ports with a dead
 * switch in them: thrown, nothing reaches it and it reaches nothing, as after `kill -9`.
 */
export class Incarnation {
  readonly number: number;
  readonly actor: DispatcherActor;
  readonly slots: SimulatedSlots;
  readonly #launcher: SimulatedLauncher;
  readonly #world: Surroundings;
  /** Steps of this life so far. */
  steps = 0;
  dead = false;
  readonly notices: Notice[] = [];
  /** Why it broke, if it did: a bug. */
  broken: unknown = null;
  readonly desk: RunnerDesk;
  /** What came due while it was frozen: timers first, as the event loop has it, then what came in. */
  #frozen: { readonly timers: (() => void)[]; readonly arrivals: (() => void)[] } | null = null;

  constructor(world: Surroundings, { number, registryId, epoch, untilIdle, whenAlone }: LifeOptions) {
    this.number = number;
    this.#world = world;
    const name = `life ${number}`;
    const { clock, faults, engine, trace } = world;
    const later = this.later;
    const registry = new SimulatedRegistry(world.source.open(later), faults, {
      name,
      later,
      now: () => clock.monotonic(),
      sinkIsDown: world.sinkIsDown,
    });
    this.slots = new SimulatedSlots(world.settings.slots, faults, { name, later, observer: world.observer });
    this.#launcher = new SimulatedLauncher(engine, faults, later, whenAlone);
    const ports: Ports = {
      clock: this.#clock(),
      entropy: world.luck,
      inbox: { post: later },
      registry,
      repoPool: this.slots,
      launchers: new Map(world.pools.map(({ name: pool }) => [pool, this.#launcher])),
      journal: new SimulatedJournal(world.journalLines, faults, { name, later, observer: world.observer }),
      reports: new SimulatedReports(world.reportLines, later),
      slotChanges: { newest: (_path, reply) => later(() => reply(ok(null))) },
      telemetry: { tell: (notice) => void this.notices.push(notice) },
    };
    const tampered = world.tamper?.(ports) ?? ports;
    const office = { registryId, epoch, runsDir: '/runs', baseEnv: {}, url: () => null, tokenOf: () => '' };
    const heartbeats = new HeartbeatTable(tampered.clock);
    this.actor = createDispatcherActor(tampered, office, {
      settings: world.settings,
      pools: world.pools,
      untilIdle,
      heartbeats,
      ...(trace === null ? {} : { inspect: trace.inspect }),
      policy: world.policy ?? null,
    });
    this.desk = new RunnerDesk({
      ports: tampered,
      office,
      heartbeats,
      isRecovered: () => this.actor.getSnapshot().value !== 'starting',
      record: (event) => later(() => this.actor.send({ type: 'event.record', event })),
    });
    this.actor.subscribe({ error: (error) => (this.broken = error) });
    registry.onNews(() => this.actor.send({ type: 'registry.changed' }));
  }

  #clock(): Clock {
    const { clock } = this.#world;
    return {
      monotonic: () => clock.monotonic(),
      wall: () => clock.wall(),
      setTimeout: (fn, ms) => {
        const timer = { cleared: false, id: null as unknown };
        timer.id = clock.setTimeout(() => this.#arrive('timers', () => void (timer.cleared || fn())), ms);
        return timer;
      },
      clearTimeout: (id) => {
        const timer = id as { cleared: boolean; id: unknown } | null;
        if (timer === null) return;
        timer.cleared = true;
        clock.clearTimeout(timer.id);
      },
    };
  }

  readonly later = (fn: () => void, delayMs = 0): void =>
    this.#world.later(() => this.#arrive('arrivals', fn), delayMs);

  #arrive(kind: 'timers' | 'arrivals', fn: () => void): void {
    if (this.dead) return;
    if (this.#frozen !== null) return void this.#frozen[kind].push(fn);
    this.steps += 1;
    fn();
  }

  /** Its event loop is blocked for so long: nothing reaches it, and all at once afterwards. */
  freeze(ms: number): void {
    if (this.#frozen !== null) return;
    this.#frozen = { timers: [], arrivals: [] };
    this.#world.clock.setTimeout(() => {
      const { timers, arrivals } = this.#frozen ?? { timers: [], arrivals: [] };
      this.#frozen = null;
      for (const fn of timers) this.#arrive('timers', fn);
      // So much at once takes a while to be read, in the order in which it came.
      arrivals.forEach((fn, i) => this.later(fn, (i * CATCHING_UP_MS) / arrivals.length));
    }, ms);
  }

  get over(): boolean {
    return this.dead || this.actor.getSnapshot().status !== 'active';
  }

  /** Whether this pool takes nothing, and nothing but a person will change that. */
  isShut(pool: string): boolean {
    return this.actor.getSnapshot().context.scheduler.ledger.isShut(poolName(pool));
  }

  /** `kill -9`: the switch first, then the actors, whose last words reach nobody. */
  kill(): void {
    if (this.dead) return;
    this.dead = true;
    this.actor.stop();
    this.#launcher.abandon();
  }
}
