import type { PoolName, SpecName, TaskKey } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Capacity } from './capacity.ts';
import { NOT_IN_HEAP } from './indexed-heap.ts';
import { Bay, PlacementClass, Route, type QueueEntry } from './placement-class.ts';
import { searchRoute } from './route-search.ts';
import type { TaskOrder } from './task-order.ts';

/**
 * Ready tasks in the order of a policy. They are kept by where they may go (route), by the limits of set
 * and key that they share (bay) and by size (class), so that finding the best one that can start now looks
 * at none of those that cannot: not at bays whose limit is reached, not at classes larger than what is
 * free. Insert, remove and pick are O(log n), and O(routes) of the configuration.
 */
export class ReadyQueue {
  readonly #order: TaskOrder;
  readonly #capacity: Capacity;
  /** Whether the sets compete: then each has bays of its own. */
  readonly #ranked: boolean;
  readonly #byKey = new Map<TaskKey, QueueEntry>();
  readonly #bays = new Map<string, Bay>();
  readonly #baysOfSpec = new Map<SpecName, Set<Bay>>();
  readonly #routes = new Map<string, Route>();
  /** What {@link Capacity.candidates} said, by skill. */
  readonly #routeOfSkill = new Map<string | null, Route>();
  readonly #parked = new Map<string, Set<Bay>>();
  #unexamined: PlacementClass[] = [];

  constructor(order: TaskOrder, capacity: Capacity, ranked = false) {
    this.#order = order;
    this.#capacity = capacity;
    this.#ranked = ranked;
  }

  get size(): number {
    return this.#byKey.size;
  }

  has(key: TaskKey): boolean {
    return this.#byKey.has(key);
  }

  get(key: TaskKey): ReadyTask | undefined {
    return this.#byKey.get(key)?.task;
  }

  /** Whether anything of this set waits. */
  hasSpec(spec: SpecName): boolean {
    return this.#baysOfSpec.has(spec);
  }

  /** Adds a task, or replaces what is queued under its key: each is in here once. */
  insert(task: ReadyTask): void {
    this.remove(task.key);
    const placement = this.#classOf(task);
    const entry: QueueEntry = { task, placement, heapIndex: NOT_IN_HEAP };
    this.#byKey.set(task.key, entry);
    const before = placement.head;
    placement.entries.insert(entry);
    if (placement.head !== before) this.#place(placement);
  }

  remove(key: TaskKey): ReadyTask | undefined {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return undefined;
    this.#byKey.delete(key);
    const { placement } = entry;
    const wasHead = placement.head === entry;
    placement.entries.remove(entry);
    if (placement.entries.size === 0) this.#forget(placement);
    else if (wasHead) this.#place(placement);
    return entry.task;
  }

  /** The best task that could start just now. */
  peek(): ReadyTask | undefined {
    let best: QueueEntry | null = null;
    for (const route of this.#routes.values()) {
      const known = route.candidate;
      // A limit may have been reached since by a start elsewhere.
      const isStale = known === undefined || (known !== null && this.#capacity.closedGate(known.task) !== null);
      const candidate = isStale ? this.#search(route) : known;
      route.candidate = candidate;
      if (candidate !== null && (best === null || this.#before(candidate, best))) best = candidate;
    }
    return best?.task;
  }

  /** For each route that leads to this pool, the best that waits there, whether it could start or not. */
  headsFor(pool: PoolName): readonly ReadyTask[] {
    const heads: ReadyTask[] = [];
    for (const route of this.#routes.values()) {
      if (!route.pools.includes(pool)) continue;
      const head = this.#openHead(route);
      if (head !== null) heads.push(head.task);
    }
    return heads;
  }

  /** Whether the first comes before the second; false where one of them is not queued. */
  isBefore(a: TaskKey, b: TaskKey): boolean {
    const [entryA, entryB] = [this.#byKey.get(a), this.#byKey.get(b)];
    return entryA !== undefined && entryB !== undefined && this.#before(entryA, entryB);
  }

  /** What a pool can take has changed: who could start there is looked for anew. */
  capacityChanged(pool: PoolName): void {
    for (const route of this.#routes.values()) if (route.pools.includes(pool)) route.candidate = undefined;
  }

  /** A limit of a set or key is reached no more: who waited for that is looked at again. */
  gateOpened(gate: string): void {
    const bays = this.#parked.get(gate);
    if (bays === undefined) return;
    this.#parked.delete(gate);
    for (const bay of bays) {
      bay.parkedAt = null;
      this.#placeBay(bay);
    }
  }

  /** A set stands elsewhere among the others. */
  setRank(spec: SpecName, rank: number): void {
    if (!this.#ranked) return;
    for (const bay of this.#baysOfSpec.get(spec) ?? []) {
      if (bay.rank === rank) continue;
      bay.rank = rank;
      if (bay.parkedAt === null) this.#placeBay(bay);
    }
  }

  /** One task of each class that nobody has looked at since it appeared, or since {@link ReadyQueue.reexamine}. */
  takeUnexamined(): readonly ReadyTask[] {
    const tasks = this.#unexamined.flatMap(({ head }) => (head === null ? [] : [head.task]));
    this.#unexamined = [];
    return tasks;
  }

  /** Puts the whole class of a task aside: as things are, no pool can ever take it. */
  shelve(key: TaskKey): void {
    const placement = this.#byKey.get(key)?.placement;
    if (placement === undefined || placement.isShelved) return;
    placement.isShelved = true;
    placement.bay.tree.remove(placement);
    this.#placeBay(placement.bay);
  }

  /** What pools there are, or whether they are shut, has changed: every class is looked at again. */
  reexamine(): void {
    this.#unexamined = [];
    for (const placement of this.#allClasses()) {
      this.#unexamined.push(placement);
      if (!placement.isShelved) continue;
      placement.isShelved = false;
      this.#place(placement);
    }
    for (const route of this.#routes.values()) route.candidate = undefined;
  }

  /** The best task of each class: one stands for all of its class. */
  *heads(): Iterable<ReadyTask> {
    for (const { head } of this.#allClasses()) if (head !== null) yield head.task;
  }

  /** Everything that is queued, in no particular order. */
  *tasks(): Iterable<ReadyTask> {
    for (const { task } of this.#byKey.values()) yield task;
  }

  /** The best task of every class, and how many are placed as it is. */
  *classes(): Iterable<{ readonly head: ReadyTask; readonly size: number }> {
    for (const { head, entries } of this.#allClasses()) if (head !== null) yield { head: head.task, size: entries.size };
  }

  clear(): void {
    this.#byKey.clear();
    this.#bays.clear();
    this.#baysOfSpec.clear();
    this.#routes.clear();
    this.#routeOfSkill.clear();
    this.#parked.clear();
    this.#unexamined = [];
  }

  readonly #before = (a: QueueEntry, b: QueueEntry): boolean => {
    const [rankA, rankB] = [a.placement.bay.rank, b.placement.bay.rank];
    return rankA === rankB ? this.#order(a.task, b.task) : rankA < rankB;
  };

  *#allClasses(): Iterable<PlacementClass> {
    for (const bay of this.#bays.values()) yield* bay.classes.values();
  }

  #routeOf(skill: string | null): Route {
    let route = this.#routeOfSkill.get(skill);
    if (route !== undefined) return route;
    const pools = this.#capacity.candidates(skill);
    const name = JSON.stringify(pools);
    route = this.#routes.get(name) ?? new Route(pools, this.#order);
    this.#routes.set(name, route);
    this.#routeOfSkill.set(skill, route);
    return route;
  }

  #bayOf(task: ReadyTask): Bay {
    const { requiredSkill, spec, specMaxConcurrency, concurrencyKey } = task;
    // Tasks taken in before and after their set's limit was changed are not alike. No name holds a NUL.
    const limited = specMaxConcurrency !== null || this.#ranked;
    const name = `${requiredSkill ?? '\0'}\0${concurrencyKey ?? '\0'}\0${limited ? `${spec}\0${specMaxConcurrency}` : ''}`;
    const known = this.#bays.get(name);
    if (known !== undefined) return known;
    const bay = new Bay(name, this.#routeOf(requiredSkill), spec, this.#ranked ? this.#capacity.rankOf(task) : 0, this.#order);
    this.#bays.set(name, bay);
    const ofSpec = this.#baysOfSpec.get(spec) ?? new Set();
    this.#baysOfSpec.set(spec, ofSpec.add(bay));
    return bay;
  }

  #classOf(task: ReadyTask): PlacementClass {
    const bay = this.#bayOf(task);
    const name = `${task.cpu}|${task.memory}`;
    const known = bay.classes.get(name);
    if (known !== undefined) return known;
    const needs = bay.route.pools.map((pool) => this.#capacity.needIn(task, pool));
    const placement = new PlacementClass(name, bay, needs, this.#order);
    bay.classes.set(name, placement);
    this.#unexamined.push(placement);
    return placement;
  }

  /** Puts a class where its head belongs now. */
  #place(placement: PlacementClass): void {
    const { bay } = placement;
    if (placement.isShelved) return;
    bay.tree.remove(placement);
    bay.tree.insert(placement);
    this.#placeBay(bay);
  }

  #placeBay(bay: Bay): void {
    const { route } = bay;
    if (bay.parkedAt !== null) {
      bay.noteHead();
      return;
    }
    route.candidate = undefined;
    route.tree.remove(bay);
    bay.noteHead();
    if (bay.head !== null) route.tree.insert(bay);
  }

  /** A class that has run empty goes, and its bay with the last. */
  #forget(placement: PlacementClass): void {
    const { bay } = placement;
    bay.tree.remove(placement);
    bay.classes.delete(placement.name);
    this.#placeBay(bay);
    if (bay.classes.size > 0) return;
    this.#bays.delete(bay.name);
    const ofSpec = this.#baysOfSpec.get(bay.spec);
    ofSpec?.delete(bay);
    if (ofSpec?.size === 0) this.#baysOfSpec.delete(bay.spec);
    if (bay.parkedAt !== null) this.#parked.get(bay.parkedAt)?.delete(bay);
  }

  /** Takes a bay whose limit is reached out of the way; false when none is. */
  #park(bay: Bay, gate: string): void {
    bay.parkedAt = gate;
    bay.route.tree.remove(bay);
    const parked = this.#parked.get(gate) ?? new Set();
    this.#parked.set(gate, parked.add(bay));
  }

  #openHead(route: Route): QueueEntry | null {
    for (let bay = route.tree.first(); bay !== null; bay = route.tree.first()) {
      const { head } = bay;
      const gate = head === null ? null : this.#capacity.closedGate(head.task);
      if (gate === null) return head;
      this.#park(bay, gate);
    }
    return null;
  }

  #search(route: Route): QueueEntry | null {
    const found = searchRoute(route, {
      roomIn: this.#capacity.roomIn,
      holderOf: (pool) => {
        const key = this.#capacity.holderOf(pool);
        return key === undefined ? undefined : this.#byKey.get(key);
      },
      closedGate: this.#capacity.closedGate,
      before: this.#before,
    });
    for (const { bay, gate } of found.closed) this.#park(bay, gate);
    return found.best;
  }
}
