import { setTimeout as pause } from 'node:timers/promises';
import type { LoadedPlan } from '../config/loaded-plan.ts';
import type { DispatcherEvent } from '../domain/events.ts';
import type { PortError } from '../domain/failures.ts';
import { taskId, taskKey, type SpecName } from '../domain/ids.ts';
import { ok, type Result } from '../domain/result.ts';
import type { TaskState, TaskView } from '../domain/task.ts';
import type { PlanBox } from '../importers/markdown/plan.ts';
import { tickBoxes, type BoxByte } from '../importers/markdown/tick.ts';
import type { TaskDetail, TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import { everyTask } from './every-task.ts';
import { warn } from './io.ts';
import { removeLeftovers, replaceFile } from './replace-file.ts';

const LOOK_EVERY_MS = 250;
/** Of a large plan, reading it takes a while: no more than this share of the time goes into it. */
const SHARE = 0.05;
const PAGE = 5000;
const TOLD = 5;
/** So many tasks are asked for in one listing rather than one by one. */
const MANY = 500;

/** Done is ticked, what runs is in progress; what was and is not any more is open again. */
const byteOf = (state: TaskState): BoxByte => {
  if (state === 'done') return 'x';
  return state === 'running' ? '-' : ' ';
};

/**
 * Keeps the boxes of a Markdown plan in step with the registry (`run FILE.md --sync`), while a person
 * may go on editing the file. Whatever goes wrong with the file is told once, and stops no task.
 */
export class PlanSync {
  readonly #file: string;
  readonly #boxes: readonly PlanBox[];
  readonly #ids: ReadonlySet<string>;
  readonly #parents: ReadonlyMap<string, string>;
  /** What is still to be written. */
  readonly #wishes = new Map<string, BoxByte>();
  readonly #uncertain = new Set<string>();
  /** Number of the last event that was looked at. */
  #seen = 0;
  #problem: string | null = null;
  #costMs = 0;

  constructor(file: string, { set, boxes }: LoadedPlan) {
    this.#file = file;
    this.#boxes = boxes ?? [];
    this.#ids = new Set(this.#boxes.map(({ id }) => id));
    this.#parents = new Map(
      set.tasks.flatMap(({ id, metadata }) => (typeof metadata['parent'] === 'string' ? [[id, metadata['parent']]] : [])),
    );
    removeLeftovers(file);
  }

  /** Looks and writes until `signal` says that it is over. A registry that answers no more ends it, too. */
  async follow(registry: TaskRegistry, spec: SpecName, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        if (signal.aborted || !(await this.#look(registry, spec))) return;
        if (signal.aborted) return;
        this.#write();
        await pause(Math.max(LOOK_EVERY_MS, this.#costMs / SHARE), null, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Writes how everything ended, and tells which boxes could not be written. */
  async finish(registry: TaskRegistry, spec: SpecName): Promise<void> {
    await this.#look(registry, spec);
    const tasks = await everyTask(registry, { spec, states: ['done'] });
    if (tasks.ok) for (const task of tasks.value) this.#wish(task);
    this.#write();
    if (this.#problem !== null) warn(`${this.#file}: ${this.#problem}; its boxes were not written`);
    const lost = [...this.#uncertain];
    if (lost.length === 0) return;
    const more = lost.length > TOLD ? ` and ${lost.length - TOLD} more` : '';
    warn(`${this.#file}: ${lost.slice(0, TOLD).join(', ')}${more} changed in the file or cannot be told apart; not ticked`);
  }

  /** Wishes for all that happened since the last look; false when the registry does not answer. */
  async #look(registry: TaskRegistry, spec: SpecName): Promise<boolean> {
    const touched = new Set<string>();
    for (;;) {
      const after = this.#seen;
      const page = await ask<readonly DispatcherEvent[]>((reply) => registry.events({ after, limit: PAGE, spec }, reply));
      if (!page.ok) return false;
      for (const { taskId: id } of page.value) if (id !== null) touched.add(id);
      this.#seen = page.value.at(-1)?.seq ?? after;
      if (page.value.length < PAGE) break;
    }
    for (const id of [...touched]) {
      for (let parent = this.#parents.get(id); parent !== undefined && !touched.has(parent); parent = this.#parents.get(parent)) {
        touched.add(parent);
      }
    }
    const views =
      touched.size > MANY ? await everyTask(registry, { spec, states: null }) : await this.#views(registry, spec, touched);
    if (!views.ok) return false;
    for (const view of views.value) if (touched.has(view.id)) this.#wish(view);
    return true;
  }

  async #views(
    registry: TaskRegistry,
    spec: SpecName,
    ids: ReadonlySet<string>,
  ): Promise<Result<readonly TaskView[], PortError>> {
    const views: TaskView[] = [];
    for (const id of ids) {
      const detail = await ask<TaskDetail>((reply) => registry.task(taskKey(spec, taskId(id)), reply));
      if (detail.ok) views.push(detail.value.view);
      else if (detail.error.kind !== 'notFound') return detail;
    }
    return ok(views);
  }

  #wish({ id, state }: TaskView): void {
    if (this.#ids.has(id)) this.#wishes.set(id, byteOf(state));
  }

  /** What could not be written stays wished for: the person may undo what stands in the way. */
  #write(): void {
    if (this.#wishes.size === 0) return;
    const begun = performance.now();
    let settled: readonly string[] = [];
    const written = replaceFile(this.#file, (bytes) => {
      const ticked = tickBoxes(bytes, this.#boxes, this.#wishes);
      if (!ticked.ok) return ticked;
      settled = ticked.value.settled;
      this.#uncertain.clear();
      for (const id of ticked.value.uncertain) if (this.#wishes.get(id) === 'x') this.#uncertain.add(id);
      return { ok: true, value: ticked.value.bytes };
    });
    this.#costMs = performance.now() - begun;
    this.#problem = written.ok ? null : written.error;
    if (written.ok) for (const id of settled) this.#wishes.delete(id);
  }
}
