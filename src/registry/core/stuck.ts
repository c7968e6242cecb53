import { findKnots, type RootCause } from '../../domain/deadlocks.ts';
import type { DependencyDeadlock, HeldUp, StuckReport, WaitingShape } from '../../domain/deadlock.ts';
import type { TaskKey } from '../../domain/ids.ts';
import { numberedGraph } from '../../domain/numbered-graph.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { StuckQuery } from '../../ports/task-registry.ts';
import type { OpenEdge } from './rows.ts';
import type { Tables } from './tables.ts';

/** Edges as they come, in arrays that grow by doubling. */
class Edges {
  from = new Int32Array(1024);
  to = new Int32Array(1024);
  count = 0;

  add(from: number, to: number): void {
    if (this.count === this.from.length) {
      this.from = doubled(this.from);
      this.to = doubled(this.to);
    }
    this.from[this.count] = from;
    this.to[this.count] = to;
    this.count += 1;
  }
}

const doubled = (old: Int32Array): Int32Array<ArrayBuffer> => {
  const longer = new Int32Array(2 * old.length);
  longer.set(old);
  return longer;
};

const rootOf = ({ state }: OpenEdge): RootCause | null =>
  state === 'failed' || state === 'cancelled' || state === 'missing' ? state : null;

/** Gives tasks that wait, or are waited for, numbers without gaps: by position, and by key where there is no task. */
class Numbering {
  readonly #byPosition: Int32Array;
  readonly #missing = new Map<TaskKey, number>();
  /** What each number stands for: a position, or the key of what does not exist. */
  readonly #things: (number | TaskKey)[] = [];
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.#byPosition = new Int32Array(tables.meta.lastPosition + 1).fill(-1);
  }

  get size(): number {
    return this.#things.length;
  }

  at(position: number): number {
    const known = this.#byPosition[position] ?? -1;
    if (known !== -1) return known;
    this.#byPosition[position] = this.#things.length;
    return this.#things.push(position) - 1;
  }

  missing(key: TaskKey): number {
    const known = this.#missing.get(key);
    if (known !== undefined) return known;
    this.#missing.set(key, this.#things.length);
    return this.#things.push(key) - 1;
  }

  readonly keyOf = (number: number): TaskKey => {
    const thing = this.#things[number];
    return typeof thing === 'number' ? this.#tables.keyAt(thing) : (thing ?? ('' as TaskKey));
  };
}

const dependencyDeadlocks = (tables: Tables, names: number): Pick<StuckReport, 'deadlocks' | 'stuck'> => {
  const numbering = new Numbering(tables);
  const edges = new Edges();
  const roots = new Map<number, RootCause>();
  for (const edge of tables.openEdges()) {
    const from = numbering.at(edge.task);
    const to = edge.on === null ? numbering.missing(edge.key) : numbering.at(edge.on);
    const cause = rootOf(edge);
    if (cause !== null) roots.set(to, cause);
    edges.add(from, to);
  }
  const graph = numberedGraph(numbering.size, edges.from, edges.to, edges.count);
  const { knots, stuck } = findKnots({ graph, roots }, names);
  const deadlocks = knots.map(({ kind, path, count, isExact, first }): DependencyDeadlock => {
    const [start = 0, ...rest] = path;
    const heldUp = { count, isExact, first: first.map(numbering.keyOf) };
    return { kind, path: [numbering.keyOf(start), ...rest.map(numbering.keyOf)], heldUp };
  });
  return { deadlocks, stuck };
};

type Gathered = Omit<WaitingShape, 'heldUp'> & { readonly heldUp: HeldUp & { count: number; readonly first: TaskKey[] } };

const waitingShapes = (tables: Tables, names: number): readonly WaitingShape[] => {
  const shapes = new Map<string, Gathered>();
  for (const { key, requiredSkill, cpu, memory } of tables.notBegun()) {
    const name = `${cpu} ${memory} ${requiredSkill === null ? '' : `:${requiredSkill}`}`;
    let shape = shapes.get(name);
    if (shape === undefined) {
      shape = { requiredSkill, cpu, memory, heldUp: { count: 0, isExact: true, first: [] } };
      shapes.set(name, shape);
    }
    shape.heldUp.count += 1;
    if (shape.heldUp.first.length < names) shape.heldUp.first.push(key);
  }
  return [...shapes.values()];
};

/** Looks at every task that has not ended, unless nothing has happened since that could change the answer. */
export const stuck = (tables: Tables, { names }: StuckQuery): Result<StuckReport, never> => {
  const { meta, stuckMemo } = tables;
  return ok({
    ...stuckMemo.deadlocks.at(meta.doom, names, () => dependencyDeadlocks(tables, names)),
    // Tasks begin without anything coming to be held up, but not without an event.
    shapes: stuckMemo.shapes.at(meta.lastSeq, names, () => waitingShapes(tables, names)),
  });
};
