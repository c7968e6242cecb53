import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { event } from '../../../src/domain/events.ts';
import type { Answer, Call } from '../../../src/registry/core/calls.ts';
import { noTasks } from '../../../src/registry/core/state-counts.ts';
import { BatchRunner } from '../../../src/registry/sqlite/batch-runner.ts';
import { SqliteStore } from '../../../src/registry/sqlite/sqlite-store.ts';
import { taskSet } from '../../conformance/registry/samples.ts';

const record = (key: string, details: Readonly<Record<string, unknown>> = {}): Call => ({
  verb: 'record',
  request: { epoch: 0, events: [{ key, event: event('PoolTripped', 1, 'dispatcher', { details }) }] },
});

const submit = (name: string, tasks: number): Call => ({
  verb: 'submit',
  request: {
    set: taskSet(name, Object.fromEntries(Array.from({ length: tasks }, (_, n) => [`t${n}`, {}]))),
    changedDone: 'refuse',
    fresh: false,
    actor: 'api',
    at: 1,
  },
});

const counts: Call = { verb: 'counts', request: null };

interface Bench {
  readonly path: string;
  readonly runner: BatchRunner;
  /** One entry for each batch, of the numbers answered in it. */
  readonly batches: number[][];
  readonly answers: Map<number, Answer>;
  /** What was put off; the test decides when it comes. */
  readonly later: { readonly fn: () => void; readonly delayMs: number }[];
  readonly clock: { now: number };
}

/** A runner before a real store, with the test in the place of its thread. */
const withRunner = (body: (bench: Bench) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-batch-'));
  const path = join(folder, 'registry.db');
  const store = SqliteStore.openForWriting({ path, synchronous: 'normal', busyTimeoutMs: 0 });
  assert.ok(store.ok);
  const bench = {
    path,
    batches: [] as number[][],
    answers: new Map<number, Answer>(),
    later: [] as Bench['later'],
    clock: { now: 0 },
  };
  const runner = new BatchRunner(store.value, {
    receive: () => {},
    answer: (answers) => {
      bench.batches.push(answers.map(({ number }) => number));
      for (const { number, answer } of answers) bench.answers.set(number, answer);
    },
    monotonic: () => bench.clock.now,
    later: (fn, delayMs) => bench.later.push({ fn, delayMs }),
    patience: { totalMs: 5_000, pauseMs: 25 },
  });
  try {
    body({ ...bench, runner });
  } finally {
    store.value.close();
    rmSync(folder, { recursive: true });
  }
};

const give = (runner: BatchRunner, ...calls: readonly Call[]): void => {
  runner.enqueue(calls.map((call, index) => ({ number: index + 1, call })));
  runner.pump();
};

/** Another connection in the middle of a transaction. */
const lockOut = (path: string): (() => void) => {
  const db = new DatabaseSync(path);
  db.exec('BEGIN IMMEDIATE');
  return () => db.close();
};

const errorOf = (answer: Answer | undefined): string =>
  answer === undefined || answer.ok ? 'no error' : `${answer.error.kind}: ${answer.error.message}`;

describe('BatchRunner', () => {
  it('answers whatever waits in one batch, in order', () => {
    withRunner(({ runner, batches, answers }) => {
      give(runner, record('a'), counts, record('b'));
      assert.deepEqual(batches, [[1, 2, 3]]);
      assert.deepEqual(answers.get(3), { ok: true, value: 2 });
    });
  });

  it('answers what came before a large submission before it begins that', () => {
    withRunner(({ runner, batches, answers }) => {
      give(runner, record('a'), submit('s', 1_500), record('b'), counts);
      assert.deepEqual(batches, [[1], [2], [3, 4]]);
      assert.equal(answers.get(4)?.ok, true);
    });
  });

  it('waits for the lock of another connection, without losing the order', () => {
    withRunner(({ path, runner, batches, answers, later, clock }) => {
      const free = lockOut(path);
      give(runner, record('a'), record('b'));
      assert.deepEqual(batches, []);
      assert.deepEqual(later.map(({ delayMs }) => delayMs), [25]);
      runner.enqueue([{ number: 3, call: record('c') }]);
      runner.pump();
      assert.equal(later.length, 1, 'one wait at a time');
      clock.now = 4_999;
      later[0]?.fn();
      assert.equal(later.length, 2);
      free();
      later[1]?.fn();
      assert.deepEqual(batches, [[1, 2, 3]]);
      assert.deepEqual([1, 2, 3].map((n) => answers.get(n)), [1, 2, 3].map((value) => ({ ok: true, value })));
    });
  });

  it('gives up after its patience with a transient error, and goes on with the next', () => {
    withRunner(({ path, runner, answers, later, clock }) => {
      const free = lockOut(path);
      give(runner, record('a'), record('b'));
      clock.now = 5_000;
      later[0]?.fn();
      for (const number of [1, 2]) {
        assert.match(errorOf(answers.get(number)), /^transient: registry .*registry\.db: locked by another process; end what has it open/);
      }
      free();
      runner.enqueue([{ number: 3, call: record('c') }]);
      runner.pump();
      assert.deepEqual(answers.get(3), { ok: true, value: 1 });
    });
  });

  it('lets a call that cannot be carried out fail alone', () => {
    withRunner(({ runner, answers }) => {
      give(runner, record('a'), record('b', { unwritable: 1n }), submit('s', 2), counts);
      assert.deepEqual(answers.get(1), { ok: true, value: 1 });
      assert.match(errorOf(answers.get(2)), /^permanent: registry .*BigInt/);
      assert.equal(answers.get(3)?.ok, true);
      const counted = answers.get(4);
      assert.ok(counted?.ok);
      assert.deepEqual(counted.value, { ...noTasks(), ready: 2 });
    });
  });

  it('tells when nothing waits any more', () => {
    withRunner(({ path, runner, later }) => {
      let drained = 0;
      runner.whenDrained(() => {
        drained += 1;
      });
      const free = lockOut(path);
      give(runner, record('a'));
      assert.equal(drained, 0);
      free();
      later[0]?.fn();
      assert.equal(drained, 1);
    });
  });
});
