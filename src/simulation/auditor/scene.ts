import type { SimulationPlan } from '../plan.ts';
import { Violation, type Invariant } from './violation.ts';

/** A task as the auditor knows it: from what was written, not from what the dispatcher thinks. */
export interface AuditedTask {
  readonly key: string;
  readonly spec: string;
  state: string;
  dependencies: readonly string[];
  priority: number;
  optional: boolean;
  group: boolean;
  skill: string | null;
  cpu: number;
  keyed: string | null;
  fence: number;
  counted: number;
  /** Of the attempt that is open; `null`: none is. */
  open: AuditedAttempt | null;
  /** Monotonic ms before which it must not be claimed, by the auditor's own reckoning. */
  notBefore: number;
  /** The wall clock jumped while it backed off: nobody can say when it may go on. */
  isDeadlineUncertain: boolean;
  /** Monotonic ms since when it could have been claimed. */
  readySince: number;
  cancelWanted: boolean;
}

export interface AuditedAttempt {
  readonly task: AuditedTask;
  readonly number: number;
  readonly runner: string;
  readonly pool: string;
  readonly slotPath: string;
}

export interface AuditedProcess {
  readonly runner: string;
  readonly task: string;
  readonly pool: string;
  readonly cwd: string;
}

const REMEMBERED = 4000;
const TOLD = 20;

/** What the auditor knows of the world, and its memory of what led here. */
export class Scene {
  readonly plan: SimulationPlan;
  readonly tasks = new Map<string, AuditedTask>();
  /** Live ones, by runner id. */
  readonly processes = new Map<string, AuditedProcess>();
  readonly openAttempts = new Set<AuditedAttempt>();
  readonly now: () => number;
  readonly step: () => number;
  /** Monotonic ms of the last jump of the wall clock. */
  lastJump = Number.NEGATIVE_INFINITY;
  /** What a person is doing just now; `null`: nothing. */
  acting: string | null = null;
  readonly #log: string[] = [];
  #at = 0;

  constructor(plan: SimulationPlan, now: () => number, step: () => number) {
    this.plan = plan;
    this.now = now;
    this.step = step;
  }

  /** Kept for the last words, should there be any. */
  remember(line: string): void {
    this.#log[this.#at % REMEMBERED] = `${this.step()} ${Math.round(this.now())}ms ${line}`;
    this.#at += 1;
  }

  /** @throws Violation always */
  fail(invariant: Invariant, what: string, task: string | null = null): never {
    const inOrder = [...this.#log.slice(this.#at % REMEMBERED), ...this.#log.slice(0, this.#at % REMEMBERED)];
    const lines = this.#at < REMEMBERED ? this.#log : inOrder;
    const relevant = task === null ? lines : lines.filter((line) => line.includes(` ${task} `) || line.includes('life'));
    throw new Violation(invariant, what, task, this.step(), relevant.slice(-TOLD));
  }

  satisfies(key: string): boolean {
    const task = this.tasks.get(key);
    if (task === undefined) return false;
    return task.state === 'done' || task.state === 'skipped' || (task.optional && task.state === 'failed');
  }
}
