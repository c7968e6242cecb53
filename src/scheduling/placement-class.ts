import type { PoolName, SpecName } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import { FitTree, type Fitting, type FitNode, type Size } from './fit-tree.ts';
import { IndexedHeap, type HeapNode } from './indexed-heap.ts';
import type { TaskOrder } from './task-order.ts';

/** One queued task. */
export interface QueueEntry extends HeapNode {
  task: ReadyTask;
  readonly placement: PlacementClass;
}

/** Nothing needs less. */
const NOTHING: Size = { milliCores: 0, kib: 0 };

/** Tasks that can be placed in exactly the same places: if one cannot, none can. */
export class PlacementClass implements Fitting<PlacementClass> {
  readonly name: string;
  readonly bay: Bay;
  readonly entries: IndexedHeap<QueueEntry>;
  /** What one of them takes, by pool of its route; pools may have defaults of their own. */
  readonly needs: readonly Size[];
  readonly need: Size;
  node: FitNode<PlacementClass> | null = null;
  /** No pool can ever take it, as things are. */
  isShelved = false;

  constructor(name: string, bay: Bay, needs: readonly Size[], order: TaskOrder) {
    this.name = name;
    this.bay = bay;
    this.needs = needs;
    this.need = {
      milliCores: Math.min(...needs.map(({ milliCores }) => milliCores)),
      kib: Math.min(...needs.map(({ kib }) => kib)),
    };
    this.entries = new IndexedHeap((a, b) => order(a.task, b.task));
  }

  get head(): QueueEntry | null {
    return this.entries.peek() ?? null;
  }
}

/** Classes of any size that go the same way and are held up by the same limits, of their set and of their key. */
export class Bay implements Fitting<Bay> {
  readonly name: string;
  readonly route: Route;
  readonly spec: SpecName;
  readonly classes = new Map<string, PlacementClass>();
  readonly tree: FitTree<PlacementClass>;
  node: FitNode<Bay> | null = null;
  /** Lower goes first, before any order of tasks; 0 for all where sets do not compete. */
  rank: number;
  /** The best of those that are not shelved; `null`: there is none. */
  head: QueueEntry | null = null;
  /** The limit that is reached: until it is not, it costs nothing. */
  parkedAt: string | null = null;

  constructor(name: string, route: Route, spec: SpecName, rank: number, order: TaskOrder) {
    this.name = name;
    this.route = route;
    this.spec = spec;
    this.rank = rank;
    this.tree = new FitTree((a, b) => {
      const [headA, headB] = [a.head, b.head];
      return headA !== null && (headB === null || order(headA.task, headB.task));
    });
  }

  get need(): Size {
    return this.tree.need ?? NOTHING;
  }

  /** To be told after its tree has changed. */
  noteHead(): void {
    this.head = this.tree.first()?.head ?? null;
  }
}

/** The pools that may run tasks of a skill, and the bays before them. */
export class Route {
  readonly pools: readonly PoolName[];
  readonly tree: FitTree<Bay>;
  /** The best that could start just now; `null`: nothing could; `undefined`: not known any more. */
  candidate: QueueEntry | null | undefined = undefined;

  constructor(pools: readonly PoolName[], order: TaskOrder) {
    this.pools = pools;
    this.tree = new FitTree((a, b) => {
      if (a.rank !== b.rank) return a.rank < b.rank;
      const [headA, headB] = [a.head, b.head];
      return headA !== null && (headB === null || order(headA.task, headB.task));
    });
  }
}
