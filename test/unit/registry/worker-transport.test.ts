import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { SubmitRequest } from '../../../src/ports/task-registry.ts';
import { WorkerTransport } from '../../../src/registry/sqlite/worker-transport.ts';
import type { Answer, Call } from '../../../src/registry/core/calls.ts';

describe('WorkerTransport', () => {
  it('answers every call when the worker dies, and gives nothing free before it is closed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'registry-worker-'));
    let released = 0;
    const path = join(folder, 'registry.db');
    const opened = await WorkerTransport.open({ path, synchronous: 'normal', busyTimeoutMs: 0 }, () => {
      released += 1;
    });
    assert.ok(opened.ok);
    const { transport } = opened.value;
    const send = (call: Call): Promise<Answer> =>
      new Promise((resolve) => {
        transport.send(call.verb, call.request, resolve);
      });
    // No compiled caller can send this: it stands for any defect that throws in the worker.
    const defect = {} as SubmitRequest;
    const counts: Call = { verb: 'counts', request: null };
    const pending = [send({ verb: 'submit', request: defect }), send(counts)];
    for (const asked of [...pending, send(counts)]) {
      const answer = await asked;
      assert.ok(!answer.ok);
      assert.equal(answer.error.kind, 'permanent');
      assert.match(answer.error.message, /registry\.db: its writer thread has died \(/);
    }
    const late = await send(counts);
    assert.ok(!late.ok);
    assert.match(late.error.message, /its writer thread has died/);
    assert.equal(released, 0);
    const closed = await new Promise((resolve) => {
      transport.close(resolve);
    });
    assert.deepEqual(closed, { ok: true, value: null });
    assert.equal(released, 1);
    rmSync(folder, { recursive: true });
  });
});
