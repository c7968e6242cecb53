import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findKnots, type RootCause, type Waits } from '../../../src/domain/deadlocks.ts';
import { numberedGraph } from '../../../src/domain/numbered-graph.ts';

type Edge = readonly [from: number, to: number];

const ALL = 1_000_000;

const waits = (size: number, edges: readonly Edge[], roots: readonly (readonly [number, RootCause])[] = []): Waits => ({
  graph: numberedGraph(size, Int32Array.from(edges.map(([from]) => from)), Int32Array.from(edges.map(([, to]) => to)), edges.length),
  roots: new Map(roots),
});

/** Those that wait for any of `sources`, by looking at every edge until nothing is new. */
const behind = (edges: readonly Edge[], sources: ReadonlySet<number>): ReadonlySet<number> => {
  const found = new Set<number>();
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [from, to] of edges) if (sources.has(to) || found.has(to)) found.add(from);
  }
  return found;
};

const CAUSES: readonly RootCause[] = ['failed', 'cancelled', 'missing'];

/** Tasks 0 to 7 wait for each other as luck has it; 8 to 10 are roots, which wait for nothing. */
const drawn = fc.record({
  edges: fc.uniqueArray(fc.tuple(fc.nat(7), fc.nat(10)), { maxLength: 14, selector: ([from, to]) => from * 11 + to }),
  causes: fc.array(fc.constantFrom(...CAUSES), { minLength: 3, maxLength: 3 }),
});

describe('what keeps tasks blocked', () => {
  it('each finding names all that wait for it and nobody else; together they name all that cannot go on', () => {
    fc.assert(
      fc.property(drawn, ({ edges, causes }) => {
        const roots = causes.map((cause, i) => [8 + i, cause] as const);
        const { knots, stuck } = findKnots(waits(11, edges, roots), ALL);
        const heldUp = new Set<number>();
        for (const { kind, path, first, count, isExact } of knots) {
          const sources = new Set(path);
          // Members of a cycle wait for each other: one leads to all.
          assert.deepEqual(new Set(first), behind(edges, sources), `${kind} ${path.join()}`);
          assert.deepEqual([count, isExact, new Set(first).size], [first.length, true, first.length]);
          for (const node of first) heldUp.add(node);
        }
        const inCycle = [0, 1, 2, 3, 4, 5, 6, 7].filter((node) => behind(edges, new Set([node])).has(node));
        const expected = new Set([...inCycle, ...behind(edges, new Set([8, 9, 10, ...inCycle]))]);
        assert.deepEqual(heldUp, expected);
        assert.equal(stuck, expected.size);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a cycle is named by its shortest way round, each waiting for the next', () => {
    fc.assert(
      fc.property(drawn, ({ edges }) => {
        const { knots } = findKnots(waits(11, edges), ALL);
        for (const { path, first } of knots.filter(({ kind }) => kind === 'cycle')) {
          assert.equal(path[0], path.at(-1));
          for (const [i, node] of path.slice(0, -1).entries()) {
            assert.ok(edges.some(([from, to]) => from === node && to === path[i + 1]), `${node} waits for ${path[i + 1]}`);
          }
          // A node that can be left by a step and reached again in as many steps less one than any other.
          const inside = new Set(first.filter((node) => behind(edges, new Set([node])).has(node) && behind(edges, new Set([node])).has(path[0] ?? -1)));
          for (const node of inside) assert.ok(path.length - 1 <= roundFrom(edges, node), `${node} has a shorter way round`);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('nearest first, as many as are asked for', () => {
    const chain = Array.from({ length: 9 }, (_, i): Edge => [i + 1, i]);
    const [knot] = findKnots(waits(10, chain, [[0, 'failed']]), 3).knots;
    assert.deepEqual([knot?.count, knot?.first], [9, [1, 2, 3]]);
  });

  it('a thousand roots above the same thousands of tasks: at least those that wait for it directly, in bounded time', () => {
    const [roots, tasks] = [1_000, 20_000];
    const edges: Edge[] = [];
    for (let root = 0; root < roots; root += 1) edges.push([roots, root]);
    for (let task = roots + 1; task < roots + tasks; task += 1) edges.push([task, task - 1]);
    const { knots, stuck } = findKnots(waits(roots + tasks, edges, Array.from({ length: roots }, (_, i) => [i, 'failed'])), 1);
    assert.equal(stuck, tasks);
    assert.deepEqual([knots[0]?.count, knots[0]?.isExact], [tasks, true]);
    const last = knots.at(-1);
    assert.deepEqual([last?.isExact, last?.count, last?.first], [false, 1, [roots]]);
  });

  it('neither a chain nor a ring of 100,000 overflows the stack', () => {
    const size = 100_000;
    const chain = Array.from({ length: size - 1 }, (_, i): Edge => [i, i + 1]);
    assert.equal(findKnots(waits(size, chain, [[size - 1, 'cancelled']]), 1).stuck, size - 1);
    const [ring] = findKnots(waits(size, [...chain, [size - 1, 0]]), 1).knots;
    assert.deepEqual([ring?.kind, ring?.count, ring?.path.length], ['cycle', size, size + 1]);
  });
});

/** Steps of the shortest way from `start` back to it. */
const roundFrom = (edges: readonly Edge[], start: number): number => {
  let reached = new Set([start]);
  for (let steps = 1; steps <= 12; steps += 1) {
    reached = new Set(edges.filter(([from]) => reached.has(from)).map(([, to]) => to));
    if (reached.has(start)) return steps;
  }
  return Number.POSITIVE_INFINITY;
};
