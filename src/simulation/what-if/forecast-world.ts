import { err, ok, type Result } from '../../domain/result.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import type { DispatcherSettings, PoolSettings } from '../../domain/settings.ts';
import type { TaskSet } from '../../domain/task.ts';
import type { Reply } from '../../ports/reply.ts';
import type { TaskRegistry } from '../../ports/task-registry.ts';
import type { Scheduler } from '../../scheduling/scheduler.ts';
import type { SchedulingPolicy } from '../../scheduling/scheduling-policy.ts';
import { SimulatedEngine, type RunMs } from '../engine.ts';
import { Faults } from '../faults.ts';
import { Incarnation } from '../incarnation.ts';
import { KeyedEntropy } from '../keyed-entropy.ts';
import type { RegistrySource } from '../simulated-registry.ts';
import { VirtualClock, WALL_ZERO } from '../virtual-clock.ts';
import { SIMULATED_REGISTRY } from '../world.ts';

/** The user's own configuration and plans, to be run in virtual time. */
export interface ForecastRequest {
  readonly settings: DispatcherSettings;
  readonly pools: readonly PoolSettings[];
  /** Submitted in this order, all at time 0. */
  readonly sets: readonly TaskSet[];
  readonly policy: SchedulingPolicy | null;
  readonly source: RegistrySource;
  /** Of luck in back-offs and ties. */
  readonly seed: number;
  readonly runMs: RunMs;
}

/** When all sets are submitted, wall ms. */
export const FORECAST_START = WALL_ZERO;

const NO_FAULTS = { faults: {}, healMs: 0 };
const ACTOR = 'cli:what-if';
/** The memory registry tells of every change: no poll ever finds one. */
const POLL_MS = 3_600_000;
/** What goes round in circles is caught. */
const STEPS_PER_TASK = 20_000;
const SPARE_STEPS = 1_000_000;

const nobody = {
  processStarted: () => undefined,
  processEnded: () => undefined,
  orphanReaped: () => undefined,
  runnerSpoke: () => undefined,
  runnerStalls: () => undefined,
  completionTaken: () => undefined,
  slotLent: () => undefined,
  slotReturned: () => undefined,
  slotRefused: () => undefined,
  journaled: () => undefined,
};

/** Steps in the order in which they were put off; a queue that does not move what is in it. */
class Steps {
  #waiting: (() => void)[] = [];
  #next = 0;

  push(step: () => void): void {
    this.#waiting.push(step);
  }

  /** Carries out one; false when there is none. */
  run(): boolean {
    const step = this.#waiting[this.#next];
    if (step === undefined) return false;
    this.#next += 1;
    if (this.#next === this.#waiting.length) [this.#waiting, this.#next] = [[], 0];
    step();
    return true;
  }
}

/**
 * One life of the real dispatcher, with the user's pools and plans, in a world in which nothing goes wrong
 * but what the plan itself brings: a task that takes longer than its time limit is stopped here, too.
 */
export class ForecastWorld {
  readonly #request: ForecastRequest;
  readonly #clock = new VirtualClock();
  readonly #steps = new Steps();
  readonly #replies: (() => void)[] = [];
  readonly #registry: TaskRegistry;
  #life: Incarnation | null = null;

  constructor(request: ForecastRequest) {
    this.#request = request;
    this.#registry = request.source.open((fn) => void this.#replies.push(fn));
  }

  /** A call to the registry, answered before this returns. */
  ask<T>(call: (registry: TaskRegistry, reply: Reply<T>) => void): Result<T, PortError> {
    const answers: Result<T, PortError>[] = [];
    call(this.#registry, (answer) => void answers.push(answer));
    for (const reply of this.#replies.splice(0)) reply();
    return answers[0] ?? err(portError('permanent', 'the registry gave no answer'));
  }

  /** To the end; `null`: all is well, else what is not. */
  run(): PortError | null {
    const at = this.#clock.wall();
    for (const set of this.#request.sets) {
      const request = { set, changedDone: 'keep' as const, fresh: false, actor: ACTOR, at };
      const submitted = this.ask((registry, reply) => registry.submit(request, reply));
      if (!submitted.ok) return submitted.error;
    }
    const life = this.#begin(at);
    if (!life.ok) return life.error;
    this.#life = life.value;
    life.value.actor.start();
    const tasks = this.#request.sets.reduce((sum, set) => sum + set.tasks.length, 0);
    const most = SPARE_STEPS + STEPS_PER_TASK * tasks;
    for (let step = 0; !life.value.over; step += 1) {
      if (life.value.broken !== null) throw new Error('the dispatcher broke', { cause: life.value.broken });
      if (step > most) return portError('permanent', `the plan comes to no end: given up after ${most} steps`);
      if (!this.#steps.run() && !this.#clock.step()) return portError('permanent', 'nothing is left to happen, and the dispatcher waits');
    }
    const { output } = life.value.actor.getSnapshot();
    return output?.failure == null ? null : portError('permanent', output.failure);
  }

  /** As it was when the dispatcher came to its end. */
  get scheduler(): Scheduler | null {
    return this.#life?.actor.getSnapshot().context.scheduler ?? null;
  }

  #begin(at: number): Result<Incarnation, PortError> {
    const { settings, pools, policy, source, seed, runMs } = this.#request;
    const clock = this.#clock;
    const luck = new KeyedEntropy(seed);
    const faults = new Faults(NO_FAULTS, luck, () => clock.monotonic());
    const holder = { pid: 1, startTime: '1', bootId: 'what-if', host: 'what-if', since: at };
    const office = this.ask<{ readonly epoch: number }>((registry, reply) => registry.takeOffice({ holder, at }, reply));
    if (!office.ok) return office;
    const surroundings = {
      clock,
      luck,
      faults,
      engine: new SimulatedEngine(clock, luck, faults, nobody, runMs),
      source,
      journalLines: [],
      reportLines: new Map(),
      observer: nobody,
      sinkIsDown: () => false,
      trace: null,
      settings: { ...settings, pollIntervalMs: POLL_MS, deadlockCheckMs: null },
      pools,
      policy,
      later: (fn: () => void, delayMs = 0) => {
        if (delayMs === 0) this.#steps.push(fn);
        else clock.setTimeout(fn, delayMs);
      },
    };
    const { epoch } = office.value;
    return ok(new Incarnation(surroundings, { number: 1, registryId: SIMULATED_REGISTRY, epoch, untilIdle: true, whenAlone: (fn) => fn() }));
  }
}
