import type { AuditedAttempt, AuditedTask, Scene } from './scene.ts';

const KEY_LIMIT = 1;

/**
 * Counts what runs, by its own reckoning. A limit that is lowered counts for what is started after it
 * was: runners that were on their way by then are let through, as R6 and R2 have it.
 */
export class Limits {
  readonly #scene: Scene;
  readonly #poolLimits = new Map<string, number>();
  /** What a person last asked for, in this life of a dispatcher. */
  readonly #asked = new Map<string, number>();
  readonly #specLimits = new Map<string, number | null>();
  /** Pool limits that were in force when a slot was lent to a runner. */
  readonly #limitAtLending = new Map<string, ReadonlyMap<string, number>>();

  constructor(scene: Scene) {
    this.#scene = scene;
    this.restart();
  }

  /** A dispatcher begins with what its configuration says. */
  restart(): void {
    this.#asked.clear();
    for (const { name, max } of this.#scene.plan.pools) this.#poolLimits.set(name, max);
  }

  /** Larger at once, for the event that tells of it may come late; smaller only when it has been told. */
  resizeAsked(pool: string, max: number): void {
    this.#poolLimits.set(pool, Math.max(max, this.#poolLimits.get(pool) ?? 0));
    this.#asked.set(pool, max);
  }

  /** Told by an event, which may be an earlier life's that comes up from the journal: only what was asked in this one counts. */
  resized(pool: string, max: number): void {
    if (this.#asked.get(pool) === max) this.#poolLimits.set(pool, max);
  }

  specLimited(spec: string, max: number | null): void {
    const before = this.#specLimits.get(spec);
    // Lowered while runners are on their way: the larger one counts until the set is written again.
    this.#specLimits.set(spec, before == null || max === null ? null : Math.max(before, max));
    if (before === undefined) this.#specLimits.set(spec, max);
  }

  lent(runner: string): void {
    this.#limitAtLending.set(runner, new Map(this.#poolLimits));
  }

  /** After this attempt was opened. */
  check(attempt: AuditedAttempt): void {
    const { task, pool, runner } = attempt;
    const open = [...this.#scene.openAttempts];
    const { plan } = this.#scene;
    this.#atMost('all together', open.length, plan.settings.globalLimit, task);
    const inPool = open.filter((other) => other.pool === pool);
    const limit = Math.max(this.#poolLimits.get(pool) ?? 0, this.#limitAtLending.get(runner)?.get(pool) ?? 0);
    this.#atMost(`pool ${pool}`, inPool.length, limit, task);
    const quota = plan.pools.find(({ name }) => name === pool)?.cpu ?? null;
    if (quota !== null) this.#atMost(`cores of pool ${pool}`, inPool.reduce((sum, other) => sum + other.task.cpu, 0), quota, task);
    const ofSpec = this.#specLimits.get(task.spec) ?? null;
    if (ofSpec !== null) this.#atMost(`set ${task.spec}`, open.filter((other) => other.task.spec === task.spec).length, ofSpec, task);
    if (task.keyed !== null) {
      const keyLimit = plan.settings.keyLimits[task.keyed] ?? KEY_LIMIT;
      this.#atMost(`key ${task.keyed}`, open.filter((other) => other.task.keyed === task.keyed).length, keyLimit, task);
    }
    this.#atMost('slots', open.length, plan.settings.slots, task);
  }

  #atMost(what: string, count: number, limit: number, task: AuditedTask): void {
    if (count > limit) this.#scene.fail('limits', `${what}: ${count} at once, at most ${limit} may be`, task.key);
  }
}
