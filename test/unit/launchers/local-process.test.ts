import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runnerId } from '../../../src/domain/ids.ts';
import { encodeCommand } from '../../../src/launchers/local-process/command-frame.ts';
import { escapeField, parseLine } from '../../../src/launchers/local-process/journal-line.ts';
import { processKey, treeOf, viewOf } from '../../../src/launchers/local-process/process-tree.ts';
import type { ProcessEntry } from '../../../src/ports/process-table.ts';

const decode = (frame: Buffer): readonly string[] => {
  const fields: string[] = [];
  for (let at = 4; at < frame.length; ) {
    const length = frame.readUInt32BE(at);
    fields.push(frame.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
};

describe('a command frame', () => {
  it('carries any fields', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' })), (fields) => {
      const frame = encodeCommand(fields);
      assert.equal(frame.readUInt32BE(0), frame.length - 4);
      assert.deepEqual(decode(frame), fields);
    }));
  });
});

describe('a journal line', () => {
  it('gives back any name', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => {
      const escaped = escapeField(name);
      assert.ok(!/[\t\n]/.test(escaped));
      assert.deepEqual(parseLine(`G\t${escaped}`), { kind: 'forgotten', id: name });
    }));
  });

  it('is refused rather than misread, whatever it holds', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const line = parseLine(text);
      assert.ok(line === null || 'CRGAPEHSFX'.includes(text.charAt(0)));
    }));
    for (const torn of ['', 'X', 'S\tid', 'S\tid\t1\t2', 'X\tid\t1\t0', 'H\t1\t2', 'F\tid\t1']) assert.equal(parseLine(torn), null);
  });
});

const LEADER = { pid: 100, startTime: '1000' };
const SERVER = { pid: 50, startTime: '500' };
const id = runnerId('r');

const entry = (pid: number, over: Partial<ProcessEntry> = {}): ProcessEntry => ({
  pid, ppid: 2, pgrp: pid, session: pid, state: 'S', startTime: String(pid * 10), cpuMs: 0, ...over,
});

const members = (entries: readonly ProcessEntry[], marked: readonly number[] = [], known: readonly string[] = []) => {
  const view = viewOf(entries, ({ pid }) => (marked.includes(pid) ? id : null));
  return treeOf(view, { id, leader: LEADER, server: SERVER }, new Set(known)).map(({ pid }) => pid).toSorted((a, b) => a - b);
};

const server = entry(50, { ppid: 1 });
const leader = entry(100, { ppid: 50 });

describe('the tree of a runner', () => {
  it('is leader, session, group, marked ones and all descendants', () => {
    const all = [
      server, leader,
      entry(101, { session: 100 }), entry(102, { pgrp: 100 }), entry(103, { ppid: 100 }), entry(104, { ppid: 103 }), entry(105),
      entry(200), entry(201, { ppid: 50 }),
    ];
    assert.deepEqual(members(all, [105]), [100, 101, 102, 103, 104, 105]);
  });

  it('has no zombies, but what they left in their session', () => {
    assert.deepEqual(members([server, { ...leader, state: 'Z' }, entry(101, { session: 100 })]), [101]);
  });

  it('takes in an orphan by its session only as a child of the fork-server, or when it was known', () => {
    const orphan = entry(101, { session: 100, ppid: 50 });
    const stranger = entry(102, { session: 100, ppid: 1 });
    assert.deepEqual(members([server, orphan, stranger]), [101]);
    assert.deepEqual(members([server, orphan, stranger], [], [processKey(stranger)]), [101, 102]);
  });

  it('has nothing to do with another process of the same number', () => {
    const other = { ...leader, startTime: '9999', ppid: 1 };
    assert.deepEqual(members([server, other, entry(101, { session: 100, ppid: 100 })]), []);
  });

  it('never holds init or the fork-server, not even by descent', () => {
    const all = [entry(1, { ppid: 0 }), { ...server, ppid: 100 }, leader, entry(300, { ppid: 50 })];
    assert.deepEqual(members(all, [1, 50]), [100]);
  });
});
