/**
 * Deadlock analysis of 100,000 blocked tasks in plans of different shapes: the analysis alone, and with
 * the reading of a SQLite registry's rows, which its thread does. Aim: under 200 ms for the analysis.
 */
import { findKnots, type RootCause } from '../../src/domain/deadlocks.ts';
import { specName, taskId, taskKey } from '../../src/domain/ids.ts';
import { numberedGraph } from '../../src/domain/numbered-graph.ts';
import type { TaskDefinition } from '../../src/domain/task.ts';
import { openRegistryForWriting } from '../../src/registry/open.ts';
import { ask } from '../../src/runtime/ask.ts';
import { KeyedEntropy } from '../../src/simulation/keyed-entropy.ts';
import { definition } from '../definition.ts';
import { quantile, scratch } from './measure.ts';

const TASKS = 100_000;
const ROUNDS = 15;
const NAMES = 10;
const RING = 10;
const SPEC = specName('bench');

const luck = new KeyedEntropy(1);

/** What task `i` waits for. */
const SHAPES: Readonly<Record<string, (i: number) => readonly number[]>> = {
  chain: (i) => (i === 0 ? [] : [i - 1]),
  wide: (i) => (i === 0 ? [] : [0]),
  'one ring': (i) => [(i + 1) % TASKS],
  'rings of 10': (i) => [i % RING === RING - 1 ? i - RING + 1 : i + 1],
  'random, 3 each': (i) => [1, 2, 3].map((n) => luck.whole(`${i}|${n}`, 0, Math.max(0, i - 1))),
  'random, any way': (i) => [1, 2].map((n) => luck.whole(`${i}|${n}`, 0, TASKS - 1)),
};

/** Every thousandth of those that wait for nothing, and the first in any case, has failed. */
const rootsOf = (lists: readonly (readonly number[])[]): ReadonlyMap<number, RootCause> =>
  new Map(lists.flatMap((list, i): [number, RootCause][] => (list.length === 0 && i % 1000 === 0 ? [[i, 'failed']] : [])));

const analysis = (lists: readonly (readonly number[])[]): readonly number[] => {
  const roots = rootsOf(lists);
  return Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    const count = lists.reduce((sum, list) => sum + list.length, 0);
    const [from, to] = [new Int32Array(count), new Int32Array(count)];
    let edge = 0;
    for (const [task, list] of lists.entries()) {
      for (const on of list) {
        from[edge] = task;
        to[edge] = on;
        edge += 1;
      }
    }
    findKnots({ graph: numberedGraph(TASKS, from, to, edge), roots }, NAMES);
    return performance.now() - begun;
  });
};

/** Milliseconds that a SQLite registry takes for the whole answer, the rows' reading included. */
const withRegistry = async (lists: readonly (readonly number[])[]): Promise<number> => {
  const holder = { pid: process.pid, startTime: '1', bootId: 'bench', host: 'here', since: 0 };
  const opened = await openRegistryForWriting({ path: `${scratch()}/registry.db`, synchronous: 'normal', holder });
  if (!opened.ok) throw new Error(opened.error.message);
  const tasks = lists.map(
    (list, i): TaskDefinition =>
      definition(`t${i}`, { dependencies: [...new Set(list)].map((on) => taskKey(SPEC, taskId(`t${on}`))) }),
  );
  const set = { name: SPEC, repo: null, weight: 1, maxConcurrency: null, done: [], tasks };
  const registry = opened.value;
  await ask((reply) => registry.submit({ set, changedDone: 'keep', fresh: false, actor: 'bench', at: 0 }, reply));
  const begun = performance.now();
  const report = await ask((reply) => registry.stuck({ names: NAMES }, reply));
  const took = performance.now() - begun;
  await ask<null>((reply) => registry.close(reply));
  if (!report.ok) throw new Error(report.error.message);
  return took;
};

/** Reading rows takes ten times as long as the analysis: left out on request. */
const withRows = process.argv[2] !== '--analysis';
for (const [name, waitsFor] of Object.entries(SHAPES)) {
  const lists = Array.from({ length: TASKS }, (_, i) => waitsFor(i));
  const times = analysis(lists);
  const [p50, best] = [quantile(times, 0.5), Math.min(...times)];
  const rows = withRows ? `; with the rows of a SQLite registry, once: ${(await withRegistry(lists)).toFixed(0)} ms` : '';
  console.log(`${name.padEnd(16)} ${TASKS} tasks: ${p50.toFixed(0).padStart(4)} ms (best ${best.toFixed(0)})${rows}`);
}
