import type { AuditedTask, Scene } from './scene.ts';

/** How long a task may have been ready before it is wrong to pass it over: polls, slow calls and slow slots. */
const PATIENCE_MS = 60_000;

const alike = (a: AuditedTask, b: AuditedTask): boolean =>
  a.spec === b.spec && a.skill === b.skill && a.cpu === b.cpu && a.keyed === b.keyed;

/** R7: of two tasks that ask for the same, the one of higher priority starts first. */
export class OrderRules {
  readonly #scene: Scene;
  /** Slots lent, when: the decision was made before that. */
  readonly #decided = new Map<string, number>();
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
  }

  check(task: AuditedTask, runner: string): void {
    const scene = this.#scene;
    if (scene.plan.settings.policy !== 'priority') return;
    const decided = this.#decided.get(runner) ?? scene.now();
    if (decided - this.#lifeSince < PATIENCE_MS || scene.now() - scene.lastJump < PATIENCE_MS) return;
    for (const other of scene.tasks.values()) {
      if (other.isDeadlineUncertain || other.state !== 'ready' || other.priority <= task.priority || !alike(task, other)) continue;
      const refused = this.#refused.get(other.key) ?? Number.NEGATIVE_INFINITY;
      const waited = decided - Math.max(other.readySince, other.notBefore, refused);
      if (waited > PATIENCE_MS) {
        const why = `priority ${task.priority} starts before ${other.key} with ${other.priority}, ready for ${Math.round(waited)} ms`;
        scene.fail('order', why, task.key);
      }
    }
  }
}
