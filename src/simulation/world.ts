import type { PortError } from '../domain/failures.ts';
import { registryId, type TaskKey } from '../domain/ids.ts';
import type { Result } from '../domain/result.ts';
import type { KeyedEvent } from '../ports/event-journal.ts';
import type { Reply } from '../ports/reply.ts';
import type { Ports } from '../runtime/ports.ts';
import type { TaskOperation, TaskRegistry } from '../ports/task-registry.ts';
import { SimulatedEngine, type EngineObserver } from './engine.ts';
import { Faults } from './faults.ts';
import { Incarnation, type Surroundings } from './incarnation.ts';
import { KeyedEntropy } from './keyed-entropy.ts';
import type { SimulationPlan } from './plan.ts';
import { poolsOf, settingsOf, taskSetOf } from './settings-of-plan.ts';
import type { JournalObserver } from './simulated-journal.ts';
import type { RegistrySource } from './simulated-registry.ts';
import type { SlotObserver } from './simulated-slots.ts';
import type { Trace } from './trace.ts';
import { befall } from './trouble.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Who looks on from outside. */
export interface WorldObserver extends EngineObserver, SlotObserver, JournalObserver {
  lifeBegan(life: number): void;
  lifeEnded(life: number, how: 'killed' | 'stopped' | 'failed'): void;
  /** A person is about to do something; until `userDone` what changes is their doing. */
  userActs(what: string, submission?: { readonly set: string; readonly maxConcurrency: number | null }): void;
  userDone(): void;
  resizeAsked(pool: string, max: number): void;
  clockJumped(): void;
}

export interface WorldOptions {
  readonly plan: SimulationPlan;
  readonly source: RegistrySource;
  readonly observer: WorldObserver;
  readonly trace: Trace;
  readonly tamper?: (ports: Ports) => Ports;
}

export const SIMULATED_REGISTRY = registryId('51a7ab1e-0000-4000-8000-000000000000');
const ACTOR = 'cli:simulated';
const PERIOD_MS = 30_000;
/** A standby that finds the holder hung kills it after so long, at most. */
const HANG_MS = 15_000;

/** Time, luck, machine and registry, and the dispatchers that come and go in them. */
export class World {
  readonly plan: SimulationPlan;
  readonly clock = new VirtualClock();
  readonly engine: SimulatedEngine;
  readonly faults: Faults;
  readonly #observer: WorldObserver;
  readonly #surroundings: Surroundings;
  readonly #registry: TaskRegistry;
  readonly #replies: (() => void)[] = [];
  readonly #steps: (() => void)[] = [];
  readonly #waitingToBeAlone: { readonly life: number; readonly fn: () => void }[] = [];
  #lives: Incarnation[] = [];
  #lastLife = 0;
  #sinkIsDown = false;
  #step = 0;
  /** The last dispatcher ends by itself when nothing is left to do. */
  #untilIdle = false;
  #stepsLeft = Number.POSITIVE_INFINITY;

  constructor({ plan, source, observer, trace, tamper }: WorldOptions) {
    this.plan = plan;
    this.#observer = observer;
    const luck = new KeyedEntropy(plan.seed);
    const { clock } = this;
    this.faults = new Faults(plan, luck, () => clock.monotonic());
    this.engine = new SimulatedEngine(clock, luck, this.faults, observer);
    this.#registry = source.open((fn) => void this.#replies.push(fn));
    this.#surroundings = {
      clock,
      luck,
      faults: this.faults,
      engine: this.engine,
      source,
      journalLines: [] as KeyedEvent[],
      reportLines: new Map(),
      observer,
      sinkIsDown: () => this.#sinkIsDown,
      trace,
      settings: settingsOf(plan),
      pools: poolsOf(plan),
      later: (fn, delayMs = 0) => {
        if (delayMs === 0) this.#steps.push(fn);
        else clock.setTimeout(fn, delayMs);
      },
      ...(tamper === undefined ? {} : { tamper }),
    };
    this.engine.speech.deliver = (words) => {
      const { incumbent } = this;
      incumbent?.later(() => words(incumbent.desk));
      return incumbent !== null;
    };
    this.#plan();
  }

  get steps(): number {
    return this.#step;
  }

  get lives(): readonly Incarnation[] {
    return this.#lives;
  }

  /** The dispatcher in office; `null` between two lives. */
  get incumbent(): Incarnation | null {
    const last = this.#lives.at(-1);
    return last === undefined || last.over ? null : last;
  }

  /** A call from outside the dispatcher, answered before this returns. */
  ask<T>(call: (registry: TaskRegistry, reply: Reply<T>) => void): Result<T, PortError> {
    const answers: Result<T, PortError>[] = [];
    call(this.#registry, (answer) => void answers.push(answer));
    for (const reply of this.#replies.splice(0)) reply();
    const [answer] = answers;
    if (answer === undefined) throw new Error('the registry gave no answer');
    return answer;
  }

  /** Everything that is known to happen, put on the clock. */
  #plan(): void {
    const { submissions, operations, healMs } = this.plan;
    for (const submission of submissions) {
      this.#at(submission.atMs, () => {
        const request = { set: taskSetOf(submission), changedDone: 'keep' as const, fresh: false, actor: ACTOR, at: this.clock.wall() };
        this.#observer.userActs('submit', submission);
        this.#person((registry, reply) => registry.submit(request, reply));
      });
    }
    for (const operation of operations) this.#at(operation.atMs, () => this.#operate(operation));
    for (let at = PERIOD_MS; at < healMs; at += PERIOD_MS) {
      this.#at(at, () => this.#trouble(at));
    }
    this.#at(healMs, () => this.#heal());
    this.#startLife();
  }

  #at(ms: number, fn: () => void): void {
    this.clock.setTimeout(fn, ms);
  }

  #person<T>(call: (registry: TaskRegistry, reply: Reply<T>) => void): void {
    this.ask(call);
    this.#observer.userDone();
    const { incumbent } = this;
    incumbent?.later(() => incumbent.actor.send({ type: 'registry.changed' }));
  }

  #operate(operation: SimulationPlan['operations'][number]): void {
    const { incumbent } = this;
    switch (operation.kind) {
      case 'cancel':
      case 'retry':
      case 'skip':
      case 'setPriority':
        return this.#operateTask(operation.task as TaskKey, operation.kind, operation.priority);
      case 'disable':
      case 'enable':
      case 'drainPool':
      case 'resize':
        return incumbent === null ? undefined : this.#operatePool(incumbent, operation);
      case 'shutdown':
        return incumbent?.later(() => incumbent.actor.send({ type: 'shutdown.request', reason: 'SIGTERM' }));
      case 'drain':
        return incumbent?.later(() => incumbent.actor.send({ type: 'drain.request', actor: ACTOR }));
      case 'kill':
        return incumbent === null ? undefined : this.#kill(incumbent);
      case 'rival':
        return this.#startLife();
    }
  }

  #operateTask(key: TaskKey, kind: 'cancel' | 'retry' | 'skip' | 'setPriority', priority: number): void {
    const operation: TaskOperation = kind === 'setPriority' ? { kind, priority } : { kind, reason: null };
    const at = this.clock.wall();
    this.#observer.userActs(`${kind} ${key} `);
    this.#person((registry, reply) => registry.operate({ key, operation, actor: ACTOR, at }, reply));
    const { incumbent } = this;
    if (kind === 'cancel') incumbent?.later(() => incumbent.actor.send({ type: 'task.cancel', key, reason: 'a person said so' }));
  }

  #operatePool(
    incumbent: Incarnation,
    { kind, pool, maxConcurrency }: Extract<SimulationPlan['operations'][number], { readonly pool: string }>,
  ): void {
    if (kind === 'resize') this.#observer.resizeAsked(pool, maxConcurrency);
    const order = {
      disable: { type: 'pool.disable', actor: ACTOR, reason: 'a person said so' },
      enable: { type: 'pool.enable', actor: ACTOR },
      drainPool: { type: 'pool.drain', actor: ACTOR },
      resize: { type: 'pool.resize', actor: ACTOR, maxConcurrency },
    } as const;
    const name = this.#surroundings.pools.find((known) => known.name === pool)?.name;
    if (name !== undefined) incumbent.later(() => incumbent.actor.send({ type: 'pool.order', pool: name, order: order[kind] }));
  }

  /** What befalls the world as a whole, once in a period. */
  #trouble(at: number): void {
    befall(`world ${at}`, {
      ...this.#surroundings,
      incumbent: this.incumbent,
      setSinkDown: (down) => (this.#sinkIsDown = down),
      clockJumped: () => this.#observer.clockJumped(),
      startRival: () => this.#startLife(),
    });
  }

  /** From now on all goes well, and the dispatcher is one that ends when nothing is left to do. */
  #heal(): void {
    this.engine.answering = true;
    this.#sinkIsDown = false;
    this.#untilIdle = true;
    this.#stepsLeft = Number.POSITIVE_INFINITY;
    for (const life of this.#lives) this.#kill(life);
  }

  #startLife(): void {
    this.#lastLife += 1;
    const number = this.#lastLife;
    const at = this.clock.wall();
    const holder = { pid: number, startTime: String(number), bootId: 'simulated', host: 'simulated', since: at };
    const office = this.ask<{ readonly epoch: number }>((registry, reply) => registry.takeOffice({ holder, at }, reply));
    if (!office.ok) throw new Error(office.error.message);
    // Whoever is in office still is hung, as far as its successor can see.
    for (const earlier of this.#lives) {
      if (!earlier.over) this.clock.setTimeout(() => this.#kill(earlier), this.faults.delay(`life ${number}|rival`, HANG_MS));
    }
    const life = new Incarnation(this.#surroundings, {
      number,
      registryId: SIMULATED_REGISTRY,
      epoch: office.value.epoch,
      untilIdle: this.#untilIdle,
      whenAlone: (fn) => this.#whenAlone(number, fn),
    });
    this.#lives = [...this.#lives.filter(({ over }) => !over), life];
    this.#stepsLeft = this.faults.healed ? Number.POSITIVE_INFINITY : this.faults.stepsToLive(number);
    this.#observer.lifeBegan(number);
    life.actor.start();
  }

  #whenAlone(life: number, fn: () => void): void {
    if (this.#lives.some(({ number, over }) => number < life && !over)) this.#waitingToBeAlone.push({ life, fn });
    else fn();
  }

  #kill(life: Incarnation): void {
    if (life.over) return;
    life.kill();
    this.#ended(life, 'killed');
  }

  #ended(life: Incarnation, how: 'killed' | 'stopped' | 'failed'): void {
    this.#observer.lifeEnded(life.number, how);
    life.kill();
    this.#lives = this.#lives.filter((other) => other !== life);
    const waiting = this.#waitingToBeAlone.splice(0);
    for (const { life: number, fn } of waiting) this.#whenAlone(number, fn);
    const successor = this.#lives.length > 0 || (this.#untilIdle && how === 'stopped');
    // An init system starts it again.
    if (!successor) this.clock.setTimeout(() => void (this.#lives.length === 0 && this.#startLife()), 1000);
  }

  /** What a dispatcher that came to its end by itself leaves. */
  finished: Incarnation | null = null;

  /** One step; false when nothing is left to happen. */
  next(): boolean {
    this.#step += 1;
    const step = this.#steps.shift();
    if (step !== undefined) step();
    else if (!this.clock.step()) return false;
    for (const life of this.#lives) this.#attend(life);
    return true;
  }

  #attend(life: Incarnation): void {
    if (life.broken !== null) throw new Error(`life ${life.number} broke`, { cause: life.broken });
    const snapshot = life.actor.getSnapshot();
    if (snapshot.status === 'done') {
      const failed = snapshot.output?.failure ?? null;
      if (this.#untilIdle && failed === null) this.finished = life;
      this.#ended(life, failed === null ? 'stopped' : 'failed');
      return;
    }
    if (life !== this.#lives.at(-1)) return;
    this.#stepsLeft -= 1;
    if (this.#stepsLeft <= 0) this.#kill(life);
  }
}
