/** Tasks that others have to wait for, all of them. */
export class Frontier {
  readonly nodes: readonly number[];
  /** How many wait for each of them directly so far. */
  uses = 0;
  /** The node that stands for all of them, once there are too many pairs. */
  joint: number | null = null;
  #latest: number | null = null;

  constructor(nodes: readonly number[]) {
    this.nodes = nodes;
  }

  /** The latest place that one of them has in an order. */
  latest(position: Int32Array): number {
    this.#latest ??= this.nodes.reduce((latest, node) => Math.max(latest, position[node] ?? 0), -1);
    return this.#latest;
  }
}

/** So many pairs of one that waits and one that is waited for are written out; more go through a joint. */
const MAX_PAIRS = 4096;
const MIN_MEMBERS = 16;

/**
 * Who waits for whom, by place in the list of nodes. Where many wait for many, a node of its own
 * stands between them, a parent of those waited for: a thousand tasks behind a thousand others would
 * be a million dependencies.
 */
export class Links {
  readonly dependencies: number[][];
  /** What each joint stands for; the first is the node after the last of the plan. */
  readonly joints: (readonly number[])[] = [];

  constructor(nodes: number) {
    this.dependencies = Array.from({ length: nodes }, () => []);
  }

  wait(node: number, frontier: Frontier): void {
    const { nodes } = frontier;
    if (frontier.joint === null && nodes.length >= MIN_MEMBERS && nodes.length * (frontier.uses + 1) > MAX_PAIRS) {
      frontier.joint = this.dependencies.length;
      this.dependencies.push([...nodes]);
      this.joints.push([...nodes]);
    }
    frontier.uses += 1;
    if (frontier.joint === null) this.waitForEach(node, nodes);
    else this.dependencies[node]?.push(frontier.joint);
  }

  waitForEach(node: number, others: readonly number[]): void {
    const own = this.dependencies[node];
    for (const other of others) own?.push(other);
  }

  /**
   * Every node with all that it waits for before it, as near to the order of the document as that
   * goes; nodes that wait for each other in any order. Depth first, without recursion.
   */
  positions(roots: readonly number[]): Int32Array {
    const position = new Int32Array(this.dependencies.length).fill(-1);
    const entered = new Uint8Array(this.dependencies.length);
    let next = 0;
    for (const root of roots) {
      if (entered[root] === 1) continue;
      entered[root] = 1;
      const frames = [{ node: root, at: 0 }];
      for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
        const dependency = this.dependencies[frame.node]?.[frame.at];
        frame.at += 1;
        if (dependency === undefined) {
          position[frame.node] = next;
          next += 1;
          frames.pop();
        } else if (entered[dependency] === 0) {
          entered[dependency] = 1;
          frames.push({ node: dependency, at: 0 });
        }
      }
    }
    return position;
  }
}
