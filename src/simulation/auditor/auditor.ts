import type { SimulationPlan } from '../plan.ts';
import type { WorldObserver } from '../world.ts';
import { EndRules } from './ending.ts';
import { EventRules, type SeenEvent } from './events.ts';
import { Limits } from './limits.ts';
import { OrderRules } from './order.ts';
import { Places } from './places.ts';
import { Scene } from './scene.ts';
import { SpeechRules } from './speech.ts';
import { TaskRules, type SeenTask } from './tasks.ts';

interface SeenAttempt {
  readonly attempt: number;
  readonly runnerId: string;
  readonly pool: string;
  readonly slotPath: string;
  readonly end: string | null;
  /** Wall ms. */
  readonly endedAt: number | null;
  readonly counted: boolean;
}

interface SeenSubmission {
  readonly set: string;
  readonly maxConcurrency: number | null;
}

/**
 * Watches a simulated world from outside: every row written, every process and every slot. It shares no
 * code with the dispatcher, and stops the world at the first thing that must not be.
 *
 * @throws Violation from whatever call shows one
 */
export class Auditor implements WorldObserver {
  readonly #scene: Scene;
  readonly #limits: Limits;
  readonly #tasks: TaskRules;
  readonly #places: Places;
  readonly #events: EventRules;
  readonly #order: OrderRules;
  readonly #speech: SpeechRules;
  readonly #wall: () => number;
  readonly #taskOfAttempt = new Map<string, string>();
  #begun = 0;
  #stoppedWell = 0;

  constructor(plan: SimulationPlan, time: { readonly now: () => number; readonly wall: () => number; readonly step: () => number }) {
    this.#wall = time.wall;
    this.#scene = new Scene(plan, time.now, time.step);
    this.#limits = new Limits(this.#scene);
    this.#tasks = new TaskRules(this.#scene, this.#limits);
    this.#places = new Places(this.#scene);
    this.#events = new EventRules(this.#scene);
    this.#order = new OrderRules(this.#scene);
    this.#speech = new SpeechRules(this.#scene);
  }

  // --- the registry's rows ----------------------------------------------------------------------

  taskAdded(row: SeenTask, _definition: string, dependencies: readonly string[]): void {
    this.#tasks.added(row, dependencies);
  }

  taskRedefined(row: SeenTask, _definition: string, dependencies: readonly string[]): void {
    this.#tasks.redefined(row.key, dependencies);
  }

  taskChanged(row: SeenTask, before: SeenTask): void {
    this.#tasks.changed(row, before);
  }

  attemptAdded({ attempt: number, runnerId: runner, pool, slotPath }: SeenAttempt, key: string): void {
    this.#taskOfAttempt.set(runner, key);
    this.#tasks.claimed(key, { number, runner, pool, slotPath });
    const task = this.#scene.tasks.get(key);
    if (task !== undefined) this.#order.check(task, runner);
  }

  attemptChanged(row: SeenAttempt, before: SeenAttempt): void {
    const key = this.#taskOfAttempt.get(row.runnerId) ?? '';
    if (before.end !== null) this.#scene.fail('settledOnce', `attempt ${row.attempt} is written to after its end`, key);
    if (row.end === null) return;
    this.#speech.settled(row.runnerId, row.end);
    const ago = Math.max(0, this.#wall() - (row.endedAt ?? this.#wall()));
    this.#tasks.settled(key, row.attempt, row.end, row.counted, ago);
  }

  eventAdded(event: SeenEvent): void {
    this.#events.added(event);
    if (event.type === 'RunnerStopping') this.#speech.stopping(event);
    if (event.type === 'PoolResized' && event.pool !== null) {
      this.#limits.resized(event.pool, Number(event.details['max_concurrency']));
    }
  }

  journaled(events: readonly { readonly event: Omit<SeenEvent, 'seq'> }[]): void {
    for (const { event } of events) this.#events.journaled(event);
  }

  // --- the machine ------------------------------------------------------------------------------

  processStarted(runner: string, task: string, pool: string, cwd: string): void {
    this.#places.started(runner, task, pool, cwd);
  }

  processEnded(runner: string): void {
    this.#places.ended(runner);
  }

  orphanReaped(runner: string): void {
    this.#speech.reaped(runner);
  }

  runnerStalls(runner: string): void {
    this.#speech.stalls(runner);
  }

  runnerSpoke(runner: string): void {
    this.#speech.spoke(runner);
  }

  completionTaken(runner: string): void {
    this.#speech.completed(runner);
  }

  slotLent(_slot: string, path: string, holder: string): void {
    this.#places.lent(path, holder);
    this.#limits.lent(holder);
    this.#order.lent(holder);
  }

  slotReturned(_slot: string, path: string, holder: string): void {
    this.#places.returned(path, holder);
  }

  slotRefused(task: string): void {
    this.#order.refused(task);
  }

  // --- the world --------------------------------------------------------------------------------

  lifeBegan(life: number): void {
    this.#begun += 1;
    this.#limits.restart();
    this.#order.lifeBegan();
    this.#scene.remember(`life ${life} begins`);
  }

  lifeEnded(life: number, how: 'killed' | 'stopped' | 'failed'): void {
    if (how === 'stopped') this.#stoppedWell += 1;
    this.#scene.remember(`life ${life} is over: ${how}`);
  }

  userActs(what: string, submission?: SeenSubmission): void {
    this.#scene.acting = what;
    this.#scene.remember(`a person: ${what}`);
    if (submission !== undefined) this.#limits.specLimited(submission.set, submission.maxConcurrency);
  }

  resizeAsked(pool: string, max: number): void {
    this.#limits.resizeAsked(pool, max);
  }

  userDone(): void {
    this.#scene.acting = null;
  }

  clockJumped(): void {
    this.#scene.lastJump = this.#scene.now();
    this.#tasks.clockJumped();
  }

  /** Something in the system threw. */
  broke(error: unknown): never {
    return this.#scene.fail('noBug', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  /** Time is up and nobody has come to an end. */
  noEnd(what: string): never {
    return this.#scene.fail('liveness', what);
  }

  /** All is over: what is left? */
  atRest(left: {
    readonly heldSlots: number;
    readonly reserved: number;
    readonly isShut: (pool: string) => boolean;
    readonly heldUp: ReadonlySet<string>;
  }): void {
    new EndRules(this.#scene, left.isShut).check(left.heldSlots, left.reserved, left.heldUp);
    this.#events.atRest({ begun: this.#begun, stoppedWell: this.#stoppedWell });
  }

  /** How many tasks ended how. */
  get tally(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { state } of this.#scene.tasks.values()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }
}
