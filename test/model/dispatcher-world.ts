import assert from 'node:assert/strict';
import type { DispatcherEvent } from '../../src/domain/events.ts';
import type { PortError } from '../../src/domain/failures.ts';
import type { TaskKey } from '../../src/domain/ids.ts';
import type { Result } from '../../src/domain/result.ts';
import { ok } from '../../src/domain/result.ts';
import type { DispatcherSettings, PoolSettings } from '../../src/domain/settings.ts';
import type { TaskSet, TaskView } from '../../src/domain/task.ts';
import type { EventJournal, KeyedEvent } from '../../src/ports/event-journal.ts';
import type { Notice } from '../../src/ports/telemetry.ts';
import type { Reply } from '../../src/ports/reply.ts';
import type { TaskPage } from '../../src/ports/task-registry.ts';
import { MemoryTables } from '../../src/registry/memory/memory-tables.ts';
import { openMemoryRegistry } from '../../src/registry/memory/open-memory-registry.ts';
import { createDispatcherActor, type DispatcherActor } from '../../src/runtime/dispatcher-actor.ts';
import type { Ports } from '../../src/runtime/ports.ts';
import { countedSlots } from './counted-slots.ts';
import { poolSettings, REGISTRY, settings } from './samples.ts';
import { ScriptedEngine, type AttemptScript } from './scripted-engine.ts';
import { SimulatedReports } from '../../src/simulation/simulated-reports.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';

/** One dispatcher's life: when it is dead nothing reaches it and it reaches nothing, as after kill -9. */
export interface Incarnation {
  readonly actor: DispatcherActor;
  readonly ports: Ports;
  readonly told: readonly Notice[];
  readonly kill: () => void;
}

interface LifeOptions {
  readonly settings?: Partial<DispatcherSettings>;
  readonly pools?: readonly PoolSettings[];
  readonly untilIdle?: boolean;
}

/** No run of a test needs more; a machine that goes round in circles is caught. */
const MOST_STEPS = 1_000_000;

/**
 * Registry, engine and time, with dispatchers coming and going. Every reply and every delivery is a
 * step in one queue; when it is empty, time goes on to the next deadline.
 */
export class DispatcherWorld {
  readonly clock = new VirtualClock();
  readonly tables = new MemoryTables();
  readonly engine: ScriptedEngine;
  readonly #steps: (() => void)[] = [];
  readonly #journal: KeyedEvent[] = [];
  #done = 0;

  constructor(script: (task: TaskKey, attempt: number) => AttemptScript) {
    this.engine = new ScriptedEngine(this.clock, script);
  }

  readonly later = (fn: () => void): void => void this.#steps.push(fn);

  #registry = (defer: (fn: () => void) => void) => openMemoryRegistry({ id: REGISTRY, tables: this.tables, defer });

  /** A call to the registry from outside, answered before this returns. */
  ask<T>(call: (registry: ReturnType<typeof openMemoryRegistry>, reply: Reply<T>) => void): T {
    const answers: Result<T, PortError>[] = [];
    const replies: (() => void)[] = [];
    call(this.#registry((fn) => void replies.push(fn)), (answer) => void answers.push(answer));
    for (const reply of replies) reply();
    const [answer] = answers;
    assert.ok(answer?.ok, JSON.stringify(answer));
    return answer.value;
  }

  submit(set: TaskSet): void {
    const at = this.clock.wall();
    this.ask((registry, reply) =>
      registry.submit({ set, changedDone: 'refuse', fresh: false, actor: 'user:test', at }, reply),
    );
  }

  tasks(): ReadonlyMap<TaskKey, TaskView> {
    const page = this.ask<TaskPage>((registry, reply) => registry.tasks({ limit: 10_000 }, reply));
    return new Map(page.tasks.map((task) => [task.key, task]));
  }

  events(): readonly DispatcherEvent[] {
    return this.ask((registry, reply) => registry.events({ after: 0, limit: 1_000_000 }, reply));
  }

  #eventJournal(later: (fn: () => void) => void): EventJournal {
    return {
      append: (events, reply) => {
        this.#journal.push(...events);
        later(() => reply(ok(null)));
      },
      read: (reply) => later(() => reply(ok([...this.#journal]))),
      clear: (reply) => {
        this.#journal.length = 0;
        later(() => reply(ok(null)));
      },
    };
  }

  /** A dispatcher takes office, and begins to work. */
  live(options: LifeOptions = {}): Incarnation {
    let dead = false;
    const told: Notice[] = [];
    const later = (fn: () => void): void => this.later(() => void (dead || fn()));
    const chosen = settings(options.settings);
    const at = this.clock.wall();
    const holder = { pid: 1, startTime: '1', bootId: 'boot', host: 'here', since: at };
    const { epoch } = this.ask<{ epoch: number }>((registry, reply) => registry.takeOffice({ holder, at }, reply));
    const registry = this.#registry(later);
    const { clock } = this;
    const pools = options.pools ?? [poolSettings({ maxConcurrency: 100 })];
    const local = pools.filter(({ engine }) => engine.type === 'local-process');
    const launcher = this.engine.launcher(later);
    const ports: Ports = {
      clock: {
        monotonic: () => clock.monotonic(),
        wall: () => clock.wall(),
        setTimeout: (fn, ms) => clock.setTimeout(() => void (dead || fn()), ms),
        clearTimeout: (id) => clock.clearTimeout(id),
      },
      entropy: { draw: () => 0.5 },
      inbox: { post: later },
      registry,
      repoPool: countedSlots(chosen.slots, later),
      launchers: new Map(local.map(({ name }) => [name, launcher])),
      journal: this.#eventJournal(later),
      reports: new SimulatedReports(new Map(), later),
      slotChanges: { newest: (_path, reply) => later(() => reply(ok(null))) },
      telemetry: { tell: (notice) => void told.push(notice) },
    };
    const office = { registryId: REGISTRY, epoch, runsDir: '/runs', baseEnv: {}, url: () => null, tokenOf: () => '' };
    const actor = createDispatcherActor(ports, office, {
      settings: chosen,
      pools,
      untilIdle: options.untilIdle ?? false,
    });
    actor.subscribe({
      error: (error) => {
        throw error;
      },
    });
    registry.onNews(() => actor.send({ type: 'registry.changed' }));
    actor.start();
    return { actor, ports, told, kill: () => void (dead = true) };
  }

  /** Goes on until the condition holds; fails if nothing is left that could make it. */
  runUntil(holds: () => boolean, what: string): void {
    while (!holds()) {
      this.#done += 1;
      assert.ok(this.#done < MOST_STEPS, `no end of it while waiting for: ${what}`);
      const step = this.#steps.shift();
      if (step !== undefined) step();
      else assert.ok(this.clock.step(), `nothing is left to happen while waiting for: ${what}`);
    }
  }

  /** So many single steps, wherever that leads. */
  runSteps(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const step = this.#steps.shift();
      if (step !== undefined) step();
      else if (!this.clock.step()) return;
    }
  }

  runToEnd(life: Incarnation): void {
    this.runUntil(() => life.actor.getSnapshot().status === 'done', 'the end of the dispatcher');
  }
}
