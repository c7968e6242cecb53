/** What something asks for, or what is free. Whole thousandths of a core and whole KiB. */
export interface Size {
  readonly milliCores: number;
  readonly kib: number;
}

export const fits = (need: Size, room: Size): boolean => need.milliCores <= room.milliCores && need.kib <= room.kib;

/** Something that knows its own place in a tree; one tree at a time. */
export interface Fitting<T> {
  /** The least room it can do with. */
  readonly need: Size;
  node: FitNode<T> | null;
}

/** A place in a {@link FitTree}; nobody else's business. */
export interface FitNode<T> {
  readonly item: T;
  readonly weight: number;
  /** Least of each dimension, over the whole subtree. */
  milliCores: number;
  kib: number;
  parent: FitNode<T> | null;
  left: FitNode<T> | null;
  right: FitNode<T> | null;
}

const fitsSome = (need: Size, rooms: readonly Size[]): boolean => {
  for (const room of rooms) if (fits(need, room)) return true;
  return false;
};

/**
 * Things in order, each with the room it needs: the first one that fits into a given room is found
 * without looking at all those that do not. A treap whose nodes carry the least need of their subtree;
 * every operation is O(log n), finding with two dimensions mostly.
 *
 * Nodes are removed through their links, never by comparing: an order that contradicts itself (a policy
 * of the user's) may sort wrongly, but loses nothing.
 *
 * @see Seidel and Aragon, "Randomized Search Trees", 1996
 */
export class FitTree<T extends Fitting<T>> {
  readonly #before: (a: T, b: T) => boolean;
  #root: FitNode<T> | null = null;
  /** xorshift32, the same for every tree: balance needs no real luck. */
  #luck = 0x9e3779b9;

  /** @param before strict order: whether `a` comes before `b` */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  /** Least of each dimension over all; `null` when nothing is in here. */
  get need(): Size | null {
    return this.#root;
  }

  first(): T | null {
    let node = this.#root;
    while (node !== null && node.left !== null) node = node.left;
    return node?.item ?? null;
  }

  insert(item: T): void {
    const { milliCores, kib } = item.need;
    const added: FitNode<T> = { item, weight: this.#draw(), milliCores, kib, parent: null, left: null, right: null };
    item.node = added;
    let parent: FitNode<T> | null = null;
    let isLeft = false;
    for (let node = this.#root; node !== null; node = isLeft ? node.left : node.right) {
      parent = node;
      isLeft = this.#before(item, node.item);
    }
    added.parent = parent;
    if (parent === null) this.#root = added;
    else if (isLeft) parent.left = added;
    else parent.right = added;
    while (added.parent !== null && added.parent.weight > added.weight) this.#rotateUp(added);
    this.#resizeFrom(added.parent);
  }

  /** Does nothing if the item is in no tree. */
  remove(item: T): void {
    const { node } = item;
    if (node === null) return;
    for (;;) {
      const { left, right } = node;
      const lighter = left !== null && (right === null || left.weight < right.weight) ? left : right;
      if (lighter === null) break;
      this.#rotateUp(lighter);
    }
    const { parent } = node;
    this.#replaceChild(parent, node, null);
    this.#resizeFrom(parent);
    item.node = null;
  }

  /**
   * Shows those whose need fits one of the rooms, in order, until one is taken.
   *
   * @param take whether this is the one, or none after it is of interest
   */
  visit(rooms: readonly Size[], take: (item: T) => boolean): void {
    visitFrom(this.#root, rooms, take);
  }

  #draw(): number {
    this.#luck ^= this.#luck << 13;
    this.#luck ^= this.#luck >>> 17;
    this.#luck ^= this.#luck << 5;
    return this.#luck;
  }

  #replaceChild(parent: FitNode<T> | null, old: FitNode<T>, replacement: FitNode<T> | null): void {
    if (parent === null) this.#root = replacement;
    else if (parent.left === old) parent.left = replacement;
    else parent.right = replacement;
    if (replacement !== null) replacement.parent = parent;
  }

  /** `node` takes the place of its parent, which becomes its child. */
  #rotateUp(node: FitNode<T>): void {
    const { parent } = node;
    if (parent === null) return;
    this.#replaceChild(parent.parent, parent, node);
    if (parent.left === node) {
      parent.left = node.right;
      if (node.right !== null) node.right.parent = parent;
      node.right = parent;
    } else {
      parent.right = node.left;
      if (node.left !== null) node.left.parent = parent;
      node.left = parent;
    }
    parent.parent = node;
    resize(parent);
    resize(node);
  }

  #resizeFrom(start: FitNode<T> | null): void {
    for (let node = start; node !== null; node = node.parent) resize(node);
  }
}

const resize = <T extends Fitting<T>>(node: FitNode<T>): void => {
  let { milliCores, kib } = node.item.need;
  const { left, right } = node;
  if (left !== null) {
    if (left.milliCores < milliCores) ({ milliCores } = left);
    if (left.kib < kib) ({ kib } = left);
  }
  if (right !== null) {
    if (right.milliCores < milliCores) ({ milliCores } = right);
    if (right.kib < kib) ({ kib } = right);
  }
  node.milliCores = milliCores;
  node.kib = kib;
};

const visitFrom = <T extends Fitting<T>>(
  node: FitNode<T> | null,
  rooms: readonly Size[],
  take: (item: T) => boolean,
): boolean => {
  if (node === null || !fitsSome(node, rooms)) return false;
  return (
    visitFrom(node.left, rooms, take) ||
    (fitsSome(node.item.need, rooms) && take(node.item)) ||
    visitFrom(node.right, rooms, take)
  );
};
