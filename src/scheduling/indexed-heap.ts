/** Something that knows its own place in a heap; one heap at a time. */
export interface HeapNode {
  heapIndex: number;
}

/** `heapIndex` of a node that is in no heap. */
export const NOT_IN_HEAP = -1;

/**
 * Binary min-heap whose nodes carry their position, so that removing or re-ordering any of them is
 * O(log n) and costs no map beside it.
 */
export class IndexedHeap<T extends HeapNode> {
  readonly #nodes: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  /** @param before strict order: whether `a` comes out before `b` */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#nodes.length;
  }

  peek(): T | undefined {
    return this.#nodes[0];
  }

  insert(node: T): void {
    node.heapIndex = this.#nodes.length;
    this.#nodes.push(node);
    this.#up(node);
  }

  /** Puts a node whose order may have changed where it belongs now. */
  update(node: T): void {
    this.#up(node);
    this.#down(node);
  }

  /** Does nothing if the node is not in here. */
  remove(node: T): void {
    if (this.#nodes[node.heapIndex] !== node) return;
    const last = this.#nodes.pop();
    const hole = node.heapIndex;
    node.heapIndex = NOT_IN_HEAP;
    if (last === undefined || last === node) return;
    this.#place(last, hole);
    this.update(last);
  }

  pop(): T | undefined {
    const first = this.#nodes[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** In no particular order. */
  values(): Iterable<T> {
    return this.#nodes;
  }

  clear(): void {
    for (const node of this.#nodes) node.heapIndex = NOT_IN_HEAP;
    this.#nodes.length = 0;
  }

  #place(node: T, index: number): void {
    this.#nodes[index] = node;
    node.heapIndex = index;
  }

  #up(node: T): void {
    while (node.heapIndex > 0) {
      const parent = this.#nodes[(node.heapIndex - 1) >> 1];
      if (parent === undefined || !this.#before(node, parent)) return;
      this.#swap(node, parent);
    }
  }

  #down(node: T): void {
    for (;;) {
      const left = this.#nodes[2 * node.heapIndex + 1];
      const right = this.#nodes[2 * node.heapIndex + 2];
      const child = right !== undefined && left !== undefined && this.#before(right, left) ? right : left;
      if (child === undefined || !this.#before(child, node)) return;
      this.#swap(child, node);
    }
  }

  /** `upper` takes the place of `lower`, its parent. */
  #swap(upper: T, lower: T): void {
    const to = lower.heapIndex;
    this.#place(lower, upper.heapIndex);
    this.#place(upper, to);
  }
}
