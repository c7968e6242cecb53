import type { AuditedTask, Scene } from './scene.ts';

/** How long a task may have been ready before it is wrong to pass it over: polls, slow calls and slow slots. */
const PATIENCE_MS = 60_000;

const alike = (a: AuditedTask, b: AuditedTask): boolean =>
  a.spec === b.spec && a.skill === b.skill && a.cpu === b.cpu && a.keyed === b.keyed;

/**
 * R7: of two tasks of a set that ask for the same, the one of higher priority starts first, or, under `fifo`
 * and among equals, the one that was submitted first. Every policy keeps to that inside a set.
 */
export class OrderRules {
  readonly #scene: Scene;
  /** Slots lent, when: the decision was made before that. */
  readonly #decided = new Map<string, number>();
  /** The same, by how runners are called, `set-id-attempt`: whose claim fails then had its turn. */
  readonly #turns = new Map<string, number>();
  /** When a task was refused a slot. */
  readonly #refused = new Map<string, number>();
  #lifeSince = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  lifeBegan(): void {
    this.#lifeSince = this.#scene.now();
    this.#decided.clear();
  }

  /** It had its turn, and no workspace: others go on meanwhile (R4). */
  refused(task: string): void {
    this.#refused.set(task, this.#scene.now());
  }

  lent(runner: string): void {
    this.#decided.set(runner, this.#scene.now());
    this.#turns.set(runner.slice(runner.indexOf('-') + 1), this.#scene.now());
  }

  check(task: AuditedTask, runner: string): void {
    const scene = this.#scene;
    const byPriority = scene.plan.settings.policy !== 'fifo';
    const decided = this.#decided.get(runner) ?? scene.now();
    if (decided - this.#lifeSince < PATIENCE_MS || scene.now() - scene.lastJump < PATIENCE_MS) return;
    // They are kept as they were submitted.
    let isEarlier = true;
    for (const other of scene.tasks.values()) {
      if (other === task) isEarlier = false;
      if (other.isDeadlineUncertain || other.state !== 'ready' || !alike(task, other)) continue;
      const isBefore = byPriority && other.priority !== task.priority ? other.priority > task.priority : isEarlier;
      if (!isBefore) continue;
      const refused = this.#refused.get(other.key) ?? Number.NEGATIVE_INFINITY;
      const turn = this.#turns.get(`${other.key.replace('/', '-')}-${other.fence + 1}`) ?? Number.NEGATIVE_INFINITY;
      const waited = decided - Math.max(other.readySince, other.notBefore, refused, turn);
      if (waited > PATIENCE_MS) {
        const why = `with priority ${task.priority} it starts before ${other.key} with ${other.priority}, ready for ${Math.round(waited)} ms`;
        scene.fail('order', why, task.key);
      }
    }
  }
}
