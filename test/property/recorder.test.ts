import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { event, type EventDraft } from '../../src/domain/events.ts';
import { portError } from '../../src/domain/failures.ts';
import { err, ok } from '../../src/domain/result.ts';
import type { KeyedEvent } from '../../src/ports/event-journal.ts';
import type { TaskRegistry } from '../../src/ports/task-registry.ts';
import { MemoryTables } from '../../src/registry/memory/memory-tables.ts';
import { openMemoryRegistry } from '../../src/registry/memory/open-memory-registry.ts';
import { createDispatcherActor, type DispatcherActor } from '../../src/runtime/dispatcher-actor.ts';
import { SimulatedReports } from '../../src/simulation/simulated-reports.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';
import { countedSlots } from '../model/counted-slots.ts';
import { poolSettings, REGISTRY, settings } from '../model/samples.ts';

/** What a call to the registry or to the journal does. */
type Fate = 'done' | 'refused' | 'done, and the answer lost';

/** How many calls from here on have which fate; events that come before each; whether the dispatcher is killed. */
const script = fc.array(
  fc.record({
    events: fc.nat(3),
    registry: fc.constantFrom<Fate>('done', 'refused', 'done, and the answer lost'),
    journal: fc.constantFrom<Fate>('done', 'done', 'refused', 'done, and the answer lost'),
    steps: fc.nat(12),
    killed: fc.constantFrom(false, false, false, false, true),
  }),
  { minLength: 1, maxLength: 30 },
);

const BUSY = portError('transient', 'busy');

/** A registry and a journal that outlive the dispatchers and do as the script says, and the real dispatcher over them. */
class Desk {
  readonly clock = new VirtualClock();
  readonly #tables = new MemoryTables();
  readonly #steps: (() => void)[] = [];
  #lines: KeyedEvent[] = [];
  registryFate: Fate = 'done';
  journalFate: Fate = 'done';
  #life = 0;
  #actor: DispatcherActor | null = null;
  /** Events of a dispatcher's life that somebody said are safe, in order. */
  readonly promised = new Set<number>();
  #made = 0;
  /** The first number of each life. */
  readonly lives: number[] = [];

  #registry(later: (fn: () => void) => void): TaskRegistry {
    const real = openMemoryRegistry({ id: REGISTRY, tables: this.#tables, defer: later });
    return new Proxy(real, {
      get: (target, name) => {
        if (name === 'record') return this.#record(target, later);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #record = (real: TaskRegistry, later: (fn: () => void) => void): TaskRegistry['record'] => (request, reply) => {
    const fate = this.registryFate;
    if (fate === 'refused') return later(() => reply(err(BUSY)));
    real.record(request, (answer) => {
      if (fate === 'done') this.#promise(request.events);
      reply(fate === 'done' ? answer : err(BUSY));
    });
  };

  #promise(events: readonly KeyedEvent[]): void {
    for (const { event: { details } } of events) if (typeof details['n'] === 'number') this.promised.add(details['n']);
  }

  /** A dispatcher takes office over what the last one left. */
  live(): void {
    this.#life += 1;
    this.lives.push(this.#made + 1);
    const life = this.#life;
    const later = (fn: () => void): void => void this.#steps.push(() => (life === this.#life ? fn() : undefined));
    const { clock } = this;
    const at = clock.wall();
    const holder = { pid: 1, startTime: '1', bootId: 'boot', host: 'here', since: at };
    const answers: number[] = [];
    const replies: (() => void)[] = [];
    const direct = openMemoryRegistry({ id: REGISTRY, tables: this.#tables, defer: (fn) => void replies.push(fn) });
    direct.takeOffice({ holder, at }, (office) => void (office.ok && answers.push(office.value.epoch)));
    for (const reply of replies) reply();
    const [epoch] = answers;
    assert.ok(epoch !== undefined);
    const finish = (events: readonly KeyedEvent[], fate: Fate, act: () => void, reply: (isDone: boolean) => void): void => {
      if (fate !== 'refused') act();
      if (fate === 'done') this.#promise(events);
      later(() => reply(fate === 'done'));
    };
    this.#actor = createDispatcherActor(
      {
        clock: {
          monotonic: () => clock.monotonic(),
          wall: () => clock.wall(),
          setTimeout: (fn, delay) => clock.setTimeout(() => (life === this.#life ? fn() : undefined), delay),
          clearTimeout: (id) => clock.clearTimeout(id),
        },
        entropy: { draw: () => 0.5 },
        inbox: { post: later },
        registry: this.#registry(later),
        repoPool: countedSlots(1, later),
        launchers: new Map(),
        journal: {
          append: (events, reply) =>
            finish(events, this.journalFate, () => void this.#lines.push(...events), (isDone) => reply(isDone ? ok(null) : err(BUSY))),
          read: (reply) => {
            const read = [...this.#lines];
            later(() => reply(this.journalFate === 'refused' ? err(BUSY) : ok(read)));
          },
          clear: (reply) => finish([], this.journalFate, () => void (this.#lines = []), (isDone) => reply(isDone ? ok(null) : err(BUSY))),
        },
        reports: new SimulatedReports(new Map(), later),
        slotChanges: { newest: (_path, reply) => later(() => reply(ok(null))) },
        telemetry: { tell: () => undefined },
      },
      { registryId: REGISTRY, epoch, runsDir: '/runs', baseEnv: {}, url: () => null, tokenOf: () => '' },
      { settings: settings(), pools: [poolSettings()], untilIdle: false },
    );
    this.#actor.subscribe({ error: (error) => assert.fail(String(error)) });
    this.#actor.start();
    // Past recovery, where there is a recorder.
    this.runUntil(() => this.#actor?.getSnapshot().value === 'running');
  }

  make(count: number): void {
    for (let i = 0; i < count; i += 1) {
      this.#made += 1;
      const draft: EventDraft = event('PoolResized', this.clock.wall(), 'dispatcher', { details: { n: this.#made } });
      this.#actor?.send({ type: 'event.record', event: draft });
    }
  }

  get made(): number {
    return this.#made;
  }

  step(): boolean {
    const next = this.#steps.shift();
    if (next === undefined) return this.clock.step();
    next();
    return true;
  }

  runUntil(holds: () => boolean): void {
    for (let round = 0; !holds(); round += 1) assert.ok(round < 10_000 && this.step(), 'it comes to an end');
  }

  /** All is well again, and the dispatcher ends in order. */
  heal(): void {
    [this.registryFate, this.journalFate] = ['done', 'done'];
    // Longer than the pause before a replay: an outage is over before the end is asked for.
    const until = this.clock.monotonic() + 60_000;
    this.runUntil(() => this.clock.monotonic() > until);
    this.#actor?.send({ type: 'shutdown.request', reason: 'the end' });
    this.runUntil(() => this.#actor?.getSnapshot().status === 'done');
  }

  /** Numbers of the events in the registry, in the order in which it stored them. */
  stored(): readonly number[] {
    const numbers: number[] = [];
    const replies: (() => void)[] = [];
    const registry = openMemoryRegistry({ id: REGISTRY, tables: this.#tables, defer: (fn) => void replies.push(fn) });
    registry.events({ after: 0, limit: 1_000_000 }, (page) => {
      assert.ok(page.ok);
      for (const { details } of page.value) if (typeof details['n'] === 'number') numbers.push(details['n']);
    });
    for (const reply of replies) reply();
    return numbers;
  }
}

describe('events, while registry and journal fail as they please and the dispatcher is killed', () => {
  it('are stored in order and once; only what nobody had promised to keep dies with a dispatcher', () => {
    fc.assert(
      fc.property(script, (phases) => {
        const desk = new Desk();
        desk.live();
        for (const { events, registry, journal, steps, killed } of phases) {
          [desk.registryFate, desk.journalFate] = [registry, journal];
          desk.make(events);
          for (let i = 0; i < steps; i += 1) desk.step();
          if (killed) desk.live();
        }
        const lastLife = desk.lives.at(-1) ?? 1;
        desk.heal();
        const stored = desk.stored();
        assert.deepEqual(stored, stored.toSorted((a, b) => a - b), 'in order');
        assert.equal(new Set(stored).size, stored.length, 'each once');
        for (const n of desk.promised) assert.ok(stored.includes(n), `event ${n} was promised`);
        for (let n = lastLife; n <= desk.made; n += 1) assert.ok(stored.includes(n), `event ${n} of the last life`);
      }),
      { numRuns: 300 },
    );
  });
});
