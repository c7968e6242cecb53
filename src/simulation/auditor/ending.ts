import type { AuditedTask, Scene } from './scene.ts';

const ENDS: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled', 'skipped', 'parked']);

/** What must be so once faults have healed and a dispatcher has come to its end by itself. */
export class EndRules {
  readonly #scene: Scene;
  /** Pools that a person has shut and nobody opened again, in the last life. */
  readonly #isShut: (pool: string) => boolean;

  constructor(scene: Scene, isShut: (pool: string) => boolean) {
    this.#scene = scene;
    this.#isShut = isShut;
  }

  /** @param reported tasks that the dispatcher's analysis says are held up */
  check(heldSlots: number, reserved: number, reported: ReadonlySet<string>): void {
    const scene = this.#scene;
    this.#checkReport(reported);
    for (const task of scene.tasks.values()) this.#checkTask(task);
    for (const { runner, task } of scene.processes.values()) scene.fail('nothingLeft', `${runner} still lives`, task);
    for (const { runner, task } of scene.openAttempts) scene.fail('nothingLeft', `the attempt of ${runner} is open still`, task.key);
    if (heldSlots > 0) scene.fail('nothingLeft', `${heldSlots} slots are held`);
    if (reserved > 0) scene.fail('nothingLeft', `the ledger still counts ${reserved} runners`);
  }

  #checkTask(task: AuditedTask): void {
    const scene = this.#scene;
    if (ENDS.has(task.state)) return;
    if (task.state === 'ready') {
      if (this.#canBePlaced(task)) scene.fail('liveness', 'it is ready, could run, and nobody starts it', task.key);
      return;
    }
    if (task.state !== 'blocked') return scene.fail('liveness', `it is ${task.state}`, task.key);
    const open = task.dependencies.filter((key) => !scene.satisfies(key));
    if (open.length === 0) scene.fail('liveness', 'it is blocked by nothing', task.key);
    const moving = open.filter((key) => !this.#isStuck(key));
    if (moving.length === open.length) scene.fail('liveness', `it waits for ${moving.join(', ')}, which come to nothing`, task.key);
  }

  /** By what may still happen: whoever waits for nothing else than that may go on, too. */
  #checkReport(reported: ReadonlySet<string>): void {
    const { tasks } = this.#scene;
    const hopeful = new Set<string>();
    for (let before = -1; before !== hopeful.size; ) {
      before = hopeful.size;
      for (const { key, state, dependencies } of tasks.values()) {
        const mayGoOn = dependencies.every((on) => this.#scene.satisfies(on) || hopeful.has(on));
        if (state === 'ready' || state === 'parked' || state === 'running' || (state === 'blocked' && mayGoOn)) hopeful.add(key);
      }
    }
    for (const { key, state } of tasks.values()) {
      const isHeldUp = state === 'blocked' && !hopeful.has(key);
      if (isHeldUp !== reported.has(key)) {
        this.#scene.fail('deadlocks', isHeldUp ? 'it can never go on, and no finding says so' : 'it is reported as held up', key);
      }
    }
  }

  /** Whether a dependency can never be satisfied as things are. */
  #isStuck(key: string): boolean {
    const task = this.#scene.tasks.get(key);
    return task === undefined || ENDS.has(task.state) || task.state === 'blocked' || task.state === 'ready';
  }

  #canBePlaced({ skill, cpu }: AuditedTask): boolean {
    const { pools } = this.#scene.plan;
    const named = pools.filter(({ skills }) => skill !== null && skills.includes(skill));
    const candidates = named.length > 0 ? named : pools;
    return candidates.some((pool) => !this.#isShut(pool.name) && (pool.cpu === null || cpu <= pool.cpu));
  }
}
