import type { Limits } from './limits.ts';
import type { AuditedAttempt, AuditedTask, Scene } from './scene.ts';

/** What is read of a row of a task. */
export interface SeenTask {
  readonly key: string;
  readonly spec: string;
  readonly state: string;
  readonly priority: number;
  readonly optional: boolean;
  readonly group: boolean;
  readonly requiredSkill: string | null;
  readonly cpu: number | null;
  readonly concurrencyKey: string | null;
  readonly fence: number;
  readonly counted: number;
  readonly runnerId: string | null;
  readonly pool: string | null;
  readonly slotId: string | null;
  readonly cancelActor: string | null;
}

/** From state to state without a person. */
const BY_ITSELF: Readonly<Record<string, readonly string[]>> = {
  blocked: ['ready', 'done'],
  ready: ['running', 'blocked'],
  running: ['done', 'failed', 'cancelled', 'parked', 'ready', 'blocked'],
  parked: [],
  done: [],
  failed: [],
  cancelled: [],
  skipped: [],
};

const DEFAULT_CPU = 1;

/** States, attempts and their numbers, dependencies, back-off. */
export class TaskRules {
  readonly #scene: Scene;
  readonly #limits: Limits;
  /** Back-off by rule: not before so many ms after the failure. */
  readonly #retryDelay: (failures: number) => number;

  constructor(scene: Scene, limits: Limits) {
    this.#scene = scene;
    this.#limits = limits;
    const { initialIntervalMs, jitter } = scene.plan.settings;
    this.#retryDelay = (failures) => Math.min(initialIntervalMs * 2 ** (failures - 1), 60_000) * (1 - jitter) - 1;
  }

  #facts(row: SeenTask) {
    return {
      priority: row.priority,
      optional: row.optional,
      group: row.group,
      skill: row.requiredSkill,
      cpu: row.cpu ?? DEFAULT_CPU,
      keyed: row.concurrencyKey,
      fence: row.fence,
      counted: row.counted,
      state: row.state,
      cancelWanted: row.cancelActor !== null,
    };
  }

  added(row: SeenTask, dependencies: readonly string[]): void {
    const { scene } = this;
    if (scene.tasks.has(row.key)) scene.fail('noTaskLost', 'it was added twice', row.key);
    const now = scene.now();
    const task: AuditedTask = {
      key: row.key,
      spec: row.spec,
      ...this.#facts(row),
      dependencies,
      open: null,
      notBefore: Number.NEGATIVE_INFINITY,
      isDeadlineUncertain: false,
      readySince: now,
    };
    scene.tasks.set(row.key, task);
    if (scene.acting === null) scene.fail('noTaskLost', 'nobody submitted it', row.key);
  }

  private get scene(): Scene {
    return this.#scene;
  }

  redefined(key: string, dependencies: readonly string[]): void {
    const task = this.#known(key);
    if (this.scene.acting === null) this.scene.fail('noTaskLost', 'it was defined anew, and nobody asked', key);
    task.dependencies = dependencies;
    // It begins from the start.
    task.notBefore = Number.NEGATIVE_INFINITY;
  }

  #known(key: string): AuditedTask {
    return this.scene.tasks.get(key) ?? this.scene.fail('noTaskLost', 'it was never submitted', key);
  }

  changed(row: SeenTask, before: SeenTask): void {
    const { scene } = this;
    const task = this.#known(row.key);
    if (task.state !== before.state) scene.fail('transitions', `it was ${task.state}, and is said to have been ${before.state}`, row.key);
    if (row.priority !== before.priority && scene.acting === null) {
      scene.fail('transitions', 'its priority changed, and nobody asked', row.key);
    }
    if (row.fence < before.fence) scene.fail('attempts', `its number of starts fell from ${before.fence} to ${row.fence}`, row.key);
    const moved = row.state !== before.state;
    Object.assign(task, this.#facts(row));
    // A person's word ends a back-off at once.
    if (scene.acting !== null && !scene.acting.startsWith('setPriority')) task.notBefore = Number.NEGATIVE_INFINITY;
    if (!moved) return;
    scene.remember(`task ${row.key} ${before.state} → ${row.state}`);
    this.#checkMove(task, before.state);
    if (row.state === 'ready') task.readySince = scene.now();
  }

  #checkMove(task: AuditedTask, from: string): void {
    const { scene } = this;
    const { key, state } = task;
    if (scene.acting === null && !(BY_ITSELF[from] ?? []).includes(state)) {
      // A group that was done is sent back when something in it is to be done again: only by a person.
      scene.fail('transitions', `${from} → ${state}, and nobody asked`, key);
    }
    if (state === 'running' && scene.acting !== null) scene.fail('transitions', 'a person cannot make it run', key);
    if (from === 'running' && scene.acting !== null) scene.fail('transitions', `a person took it out of running (${state})`, key);
    if (from === 'blocked' && (state === 'ready' || state === 'done') && scene.acting === null) this.#checkDependencies(task);
    if (from === 'blocked' && state === 'done' && !task.group) scene.fail('transitions', 'blocked → done, and it is no group', key);
  }

  #checkDependencies(task: AuditedTask): void {
    const open = task.dependencies.filter((key) => !this.scene.satisfies(key));
    if (open.length > 0) this.scene.fail('dependencies', `it waits for ${open.join(', ')}`, task.key);
  }

  claimed(key: string, attempt: { readonly number: number; readonly runner: string; readonly pool: string; readonly slotPath: string }): void {
    const { scene } = this;
    const task = this.#known(key);
    scene.remember(`claim ${key} #${attempt.number} ${attempt.runner} in ${attempt.pool} at ${attempt.slotPath}`);
    if (task.open !== null) scene.fail('attempts', `attempt ${task.open.number} is open still`, key);
    if (task.state !== 'ready') scene.fail('transitions', `it is claimed while ${task.state}`, key);
    if (attempt.number !== task.fence + 1) {
      scene.fail('attempts', `attempt ${attempt.number} comes after ${task.fence} starts`, key);
    }
    if (task.group) scene.fail('transitions', 'a group never runs', key);
    this.#checkDependencies(task);
    if (task.counted >= scene.plan.settings.maxAttempts) {
      scene.fail('attempts', `${task.counted} attempts are used up, at most ${scene.plan.settings.maxAttempts} may be`, key);
    }
    const early = task.notBefore - scene.now();
    if (early > 0) scene.fail('backoff', `it starts ${Math.ceil(early)} ms too early`, key);
    const open: AuditedAttempt = { ...attempt, task };
    task.open = open;
    scene.openAttempts.add(open);
    this.#limits.check(open);
  }

  /** @param ago ms since the decision about its outcome, which the back-off is counted from */
  settled(key: string, number: number, end: string, counted: boolean, ago: number): void {
    const { scene } = this;
    const task = this.#known(key);
    scene.remember(`settle ${key} #${number} ${end}`);
    const { open } = task;
    if (open === null || open.number !== number) return scene.fail('settledOnce', `attempt ${number} is not open`, key);
    const living = scene.processes.get(open.runner);
    if (living !== undefined) scene.fail('settledOnce', `attempt ${number} is settled as ${end} while its process lives`, key);
    scene.openAttempts.delete(open);
    task.open = null;
    task.isDeadlineUncertain = false;
    // The wall clock carries the deadline over: after a jump nobody can hold it to the millisecond.
    task.notBefore = counted && end !== 'done' ? scene.now() - ago + this.#retryDelay(task.counted + 1) : Number.NEGATIVE_INFINITY;
  }

  /** A jump of the wall clock moves every deadline that was written down by it. */
  clockJumped(): void {
    for (const task of this.scene.tasks.values()) {
      if (task.notBefore !== Number.NEGATIVE_INFINITY) task.isDeadlineUncertain = true;
      task.notBefore = Number.NEGATIVE_INFINITY;
    }
  }
}
