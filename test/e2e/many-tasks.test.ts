import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inProject, type EventRow } from './project.ts';

const COUNT = 2000;
/** kB. The issue: "memory of the process under 200 MB". */
const MOST_MEMORY = 200 * 1024;

const count = (events: readonly EventRow[], type: string): number => events.filter((event) => event.type === type).length;

/** The most memory that a process has had so far, in kB; `null` once it is gone. */
const peakMemory = (pid: number): number | null => {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line === null ? null : Number(line[1]);
  } catch {
    return null;
  }
};

describe('run of 2,000 × true, eight at once', { concurrency: 4 }, () => {
  test('all are done, each once, in little memory, and nothing is left', inProject({}, async (project) => {
    const tasks = Array.from({ length: COUNT }, (_, i) => ({ id: `t${i}`, command: ['true'] }));
    const file = await project.plan('many', tasks);
    const run = project.begin('run', file);
    let peak = 0;
    await run.until('the last task is done', () => {
      peak = Math.max(peak, peakMemory(run.pid) ?? 0);
      return run.stdout.includes(`many: ${COUNT} done`) ? true : null;
    });
    const ended = await run.end();
    assert.equal(ended.code, 0, run.said);
    assert.equal(ended.stderr, '');
    assert.ok(peak > 0 && peak < MOST_MEMORY, `peak of ${peak} kB`);

    const listed = await project.tasks();
    assert.equal(listed.length, COUNT);
    assert.deepEqual([...new Set(listed.map(({ state }) => state))], ['done']);
    assert.ok(listed.every(({ attempts }) => attempts === 1));
    const events = await project.events();
    for (const type of ['TaskAssigned', 'RunnerStarted', 'RunnerCompleted', 'TaskCompleted']) {
      assert.equal(count(events, type), COUNT, type);
    }
    const status = JSON.parse((await project.expect(0, 'status', '--json')).stdout) as Record<string, unknown>;
    assert.deepEqual(status['runners'], []);
    assert.equal(atMostAtOnce(events), 8);
  }));
});

/** Most runners between assignment and settlement, and no slot with two. */
const atMostAtOnce = (events: readonly EventRow[]): number => {
  const holders = new Map<string, string>();
  let most = 0;
  for (const { type, slot_id: slot, runner_id: runner, seq } of events) {
    if (slot === null || runner === null) continue;
    if (type === 'TaskAssigned') {
      assert.equal(holders.get(slot), undefined, `event ${seq}: ${slot} goes to ${runner} while another has it`);
      holders.set(slot, runner);
      most = Math.max(most, holders.size);
    }
    if (type === 'RunnerCompleted') holders.delete(slot);
  }
  assert.equal(holders.size, 0, 'a slot is still held');
  return most;
};
