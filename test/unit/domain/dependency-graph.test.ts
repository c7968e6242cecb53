import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cyclicComponents, findCycles } from '../../../src/domain/dependency-graph.ts';

const graph = (edges: Readonly<Record<string, readonly string[]>>) => new Map(Object.entries(edges));

describe('cycles among dependencies', () => {
  it('are none in an empty graph, a chain and a diamond', () => {
    assert.deepEqual(findCycles(new Map()), []);
    assert.deepEqual(findCycles(graph({ a: ['b'], b: ['c'], c: [] })), []);
    assert.deepEqual(findCycles(graph({ top: ['l', 'r'], l: ['end'], r: ['end'], end: [] })), []);
  });

  it('are named by their path, from the node that was written first', () => {
    assert.deepEqual(findCycles(graph({ a: ['b'], b: ['c'], c: ['a'] })), [['a', 'b', 'c', 'a']]);
    assert.deepEqual(findCycles(graph({ x: ['b'], c: ['b'], b: ['c'] })), [['c', 'b', 'c']]);
  });

  it('take a node that waits for itself for one', () => {
    assert.deepEqual(findCycles(graph({ a: ['a'], b: [] })), [['a', 'a']]);
  });

  it('are the shortest of their component', () => {
    assert.deepEqual(findCycles(graph({ a: ['b', 'c'], b: ['c'], c: ['a'] })), [['a', 'c', 'a']]);
  });

  it('are one for each component', () => {
    assert.equal(findCycles(graph({ a: ['b'], b: ['a'], c: ['d', 'a'], d: ['c'], e: ['a'] })).length, 2);
  });

  it('leave names alone that are no node', () => {
    assert.deepEqual(findCycles(graph({ a: ['elsewhere/b'] })), []);
  });

  it('do not overflow the stack on a chain or a ring of 100,000', () => {
    const size = 100_000;
    const nodes = Array.from({ length: size }, (_, i) => `n${i}`);
    const link = (next: (i: number) => readonly string[]) => new Map(nodes.map((node, i) => [node, next(i)]));
    assert.deepEqual(cyclicComponents(link((i) => (i + 1 < size ? [`n${i + 1}`] : []))), []);
    assert.equal(findCycles(link((i) => [`n${(i + 1) % size}`]))[0]?.length, size + 1);
  });
});
