import { Frontier, type Links } from './frontier.ts';
import type { OrderNode } from './order-node.ts';
import type { StatedOrder } from './stated-order.ts';

/** Tasks under one parent, on the way through the document. */
interface Level {
  /** What was waited for where this level began, as long as nothing in it does so. */
  behind: readonly Frontier[];
  /** What the next in sequence waits for besides. */
  own: number[];
  /** What neighbours with `(P)` wait for; `null` outside of such a row. */
  row: { readonly base: readonly Frontier[]; readonly members: number[]; reached: boolean } | null;
  /** Something in it waits for all that was waited for where it began. */
  reachesBehind: boolean;
  /** It begins without waiting for what its parent's neighbours wait for. */
  readonly isDetached: boolean;
  /** The last one that the graph does not name: it holds up what the graph puts later. */
  held: Frontier | null;
}

/** How far a checkpoint reaches: the whole plan, or a parent marked `(P)`. */
interface Scope {
  barrier: number | null;
  readonly levels: Level[];
}

/** Contradictions that are carried on to the next in sequence; more are let go. */
const CARRIED = 64;

/**
 * Adds what the document says by its order to what it says in words. Nothing is added that
 * contradicts the words: what would make a cycle is left out.
 */
export class DocumentOrder {
  readonly #nodes: readonly OrderNode[];
  readonly #stated: StatedOrder;
  readonly #links: Links;
  readonly #isFree: boolean;
  readonly #hasGraph: boolean;
  readonly #position: Int32Array;
  /** How late in the graph those come that a node waits for, which the graph itself does not name. */
  readonly #rank = new Map<number, number>();
  #scope: Scope = { barrier: null, levels: [] };
  /** Levels of all scopes, outermost first. */
  readonly #held: Level[] = [];

  /** @param isFree tasks and parents in no sequence (`--parallel`) */
  constructor(nodes: readonly OrderNode[], stated: StatedOrder, isFree: boolean, hasGraph: boolean) {
    this.#nodes = nodes;
    this.#stated = stated;
    this.#links = stated.links;
    this.#isFree = isFree;
    this.#hasGraph = hasGraph;
    const roots = [...nodes.keys()].filter((i) => nodes[i]?.parent === null);
    this.#position = stated.links.positions(roots);
    this.#walk(roots, [], false);
  }

  /** Nodes that no box stands for; see `Links`. */
  get joints(): readonly (readonly number[])[] {
    return this.#links.joints;
  }

  /** Later than everything that a node waits for, or that the graph says of it. */
  #rankOf(node: number): number {
    return Math.max(this.#rank.get(node) ?? -1, this.#stated.level(node) ?? -1);
  }

  #rankAfter(node: number, others: readonly number[]): void {
    if (!this.#hasGraph) return;
    const latest = others.reduce((most, other) => Math.max(most, this.#rankOf(other)), this.#rank.get(node) ?? -1);
    this.#rank.set(node, latest);
    // A parent is as late as the latest below it.
    let parent = this.#nodes[node]?.parent ?? null;
    while (parent !== null && (this.#rank.get(parent) ?? -1) < latest) {
      this.#rank.set(parent, latest);
      parent = this.#nodes[parent]?.parent ?? null;
    }
  }

  /** Whether the graph puts a node after all that another one waits for, so that it may wait for that one. */
  #comesLater(node: number, other: number): boolean {
    const level = this.#stated.level(node);
    return level === null || level > this.#rankOf(other);
  }

  /** Lets a node wait for those that do not wait for it; returns the others. */
  #follow(node: number, frontier: Frontier): readonly number[] {
    const own = this.#position[node] ?? 0;
    if (this.#stated.level(node) === null) this.#rankAfter(node, frontier.nodes);
    if (frontier.latest(this.#position) < own) {
      this.#links.wait(node, frontier);
      return [];
    }
    const isEarly = (other: number): boolean => (this.#position[other] ?? 0) < own;
    this.#links.waitForEach(node, frontier.nodes.filter(isEarly));
    return frontier.nodes.filter((other) => !isEarly(other));
  }

  /** The same for all of several; whether nothing was left out. */
  #followAll(node: number, frontiers: readonly Frontier[]): boolean {
    let all = true;
    for (const frontier of frontiers) if (this.#follow(node, frontier).length > 0) all = false;
    return all;
  }

  #followBarrier(node: number): void {
    const { barrier } = this.#scope;
    if (barrier !== null && this.#comesLater(node, barrier)) this.#follow(node, new Frontier([barrier]));
  }

  /** @returns whether something in it waits for all of `behind` */
  #walk(children: readonly number[], behind: readonly Frontier[], isDetached: boolean): boolean {
    const level: Level = { behind, own: [], row: null, reachesBehind: behind.length === 0, isDetached, held: null };
    this.#scope.levels.push(level);
    this.#held.push(level);
    for (const child of children) {
      if ((this.#nodes[child]?.children.length ?? 0) > 0) this.#group(child, level);
      else this.#leaf(child, level);
    }
    this.#endRow(level);
    this.#held.pop();
    this.#scope.levels.pop();
    return level.reachesBehind;
  }

  #leaf(node: number, level: Level): void {
    const place = this.#stated.place[node];
    if (place === 'graph') {
      for (const { held } of this.#held) {
        if (held?.nodes.every((other) => this.#comesLater(node, other)) === true) this.#follow(node, held);
      }
      this.#followBarrier(node);
      level.own.push(node);
    } else if (place === 'stated') {
      this.#followBarrier(node);
      this.#join(node, level);
    } else if (this.#nodes[node]?.isCheckpoint === true && this.#stated.governor[node] === null) this.#checkpoint(node, level);
    else if (this.#isFree) {
      this.#followBarrier(node);
      level.own.push(node);
    } else if (this.#isInRow(node)) this.#inRow(node, level);
    else this.#inSequence(node, level);
  }

  #isInRow(node: number): boolean {
    return !this.#hasGraph && this.#nodes[node]?.isParallel === true;
  }

  /** Stands beside the sequence: what follows waits for it, too. */
  #join(node: number, level: Level): void {
    if (this.#isInRow(node) && !this.#isFree) this.#rowOf(level).members.push(node);
    else if (level.row === null) level.own.push(node);
    else level.row.members.push(node);
  }

  #rowOf(level: Level): NonNullable<Level['row']> {
    level.row ??= { base: [...level.behind, new Frontier(level.own)], members: [], reached: false };
    return level.row;
  }

  #endRow(level: Level): void {
    const { row } = level;
    if (row === null) return;
    level.row = null;
    if (row.reached) this.#restart(level, row.members);
    else level.own = [...level.own, ...row.members];
  }

  /** What follows waits for these, and through them for all that came before. */
  #restart(level: Level, own: number[]): void {
    level.own = own;
    level.behind = [];
    level.reachesBehind = true;
  }

  #inRow(node: number, level: Level): void {
    const row = this.#rowOf(level);
    if (this.#followAll(node, row.base)) row.reached = true;
    row.members.push(node);
  }

  #inSequence(node: number, level: Level): void {
    this.#endRow(level);
    const late = this.#follow(node, new Frontier(level.own));
    const reached = this.#followAll(node, level.behind);
    const carried = late.length <= CARRIED ? late : [];
    if (reached) this.#restart(level, [...carried, node]);
    else level.own = [...carried, node];
    if (this.#hasGraph) level.held = new Frontier([node]);
  }

  /** After everything before it in its scope, from its own level outwards. */
  #checkpoint(node: number, level: Level): void {
    const outwards = this.#scope.levels.toReversed();
    let hasWaited = false;
    for (const [i, each] of outwards.entries()) {
      this.#endRow(each);
      this.#follow(node, new Frontier(each.own));
      if (each.own.length > 0) hasWaited = true;
      const isOver = (each.reachesBehind && !each.isDetached) || i === outwards.length - 1;
      if (isOver) this.#followAll(node, each.behind);
      this.#restart(each, []);
      if (isOver) break;
    }
    // Whatever came since the last checkpoint waits for that.
    if (!hasWaited) this.#followBarrier(node);
    level.own = [node];
    if (this.#hasGraph) level.held = new Frontier([node]);
    this.#scope.barrier = node;
  }

  #group(node: number, level: Level): void {
    const { children = [] } = this.#nodes[node] ?? {};
    const place = this.#stated.place[node];
    if (this.#isFree || place !== 'document') {
      const { barrier } = this.#scope;
      const after = barrier !== null && this.#comesLater(node, barrier) ? [new Frontier([barrier])] : [];
      this.#walk(children, after, true);
      if (this.#isFree) level.own.push(node);
      else this.#join(node, level);
    } else if (this.#isInRow(node)) this.#groupInRow(node, children, level);
    else {
      this.#endRow(level);
      const own = level.own;
      const reached = this.#walk(children, own.length === 0 ? level.behind : [...level.behind, new Frontier(own)], false);
      if (reached) this.#restart(level, [node]);
      else level.own.push(node);
      if (this.#hasGraph && this.#isUnnamed(node)) level.held = new Frontier([node]);
    }
  }

  #groupInRow(node: number, children: readonly number[], level: Level): void {
    const row = this.#rowOf(level);
    const outer = this.#scope;
    this.#scope = { barrier: outer.barrier, levels: [] };
    if (this.#walk(children, row.base, false)) row.reached = true;
    this.#scope = outer;
    row.members.push(node);
  }

  /** Whether the graph names nothing at or below it. */
  #isUnnamed(node: number): boolean {
    const pending = [node];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (this.#stated.place[at] === 'graph') return false;
      pending.push(...(this.#nodes[at]?.children ?? []));
    }
    return true;
  }
}
