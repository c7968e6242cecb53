import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { removeLeftovers, replaceFile } from '../../../src/cli/replace-file.ts';
import { ok } from '../../../src/domain/result.ts';

const folder = mkdtempSync(join(tmpdir(), 'replace-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const fresh = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const shout = (bytes: Uint8Array) => ok(new TextEncoder().encode(new TextDecoder().decode(bytes).toUpperCase()));

describe('replacing a file', () => {
  it('keeps its mode, and leaves nothing behind', () => {
    const path = fresh('mode.md', 'a');
    chmodSync(path, 0o640);
    assert.ok(replaceFile(path, shout).ok);
    assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['A', 0o640]);
    assert.deepEqual(readdirSync(folder).filter((name) => name.includes('.sync-')), []);
  });

  it('does not touch a file that need not change', () => {
    const path = fresh('same.md', 'a');
    const { ino } = statSync(path);
    assert.ok(replaceFile(path, ok).ok);
    assert.equal(statSync(path).ino, ino);
  });

  it('keeps a symbolic link a link', () => {
    const path = fresh('real.md', 'a');
    symlinkSync(path, join(folder, 'link.md'));
    assert.ok(replaceFile(join(folder, 'link.md'), shout).ok);
    assert.equal(readFileSync(path, 'utf8'), 'A');
  });

  it('begins anew when somebody wrote into it, or put another in its place, meanwhile', () => {
    const path = fresh('busy.md', 'a');
    let calls = 0;
    const edit = (bytes: Uint8Array) => {
      calls += 1;
      if (calls === 1) appendFileSync(path, 'b');
      if (calls === 2) renameSync(fresh('other', 'abc'), path);
      return shout(bytes);
    };
    assert.ok(replaceFile(path, edit).ok);
    assert.deepEqual([readFileSync(path, 'utf8'), calls], ['ABC', 3]);
  });

  it('gives up in front of one who writes all the time', () => {
    const path = fresh('restless.md', 'a');
    const result = replaceFile(path, (bytes) => {
      appendFileSync(path, 'b');
      return shout(bytes);
    });
    assert.deepEqual(result, { ok: false, error: 'is being written all the time' });
    assert.match(readFileSync(path, 'utf8'), /^ab+$/);
  });

  it('says what is wrong with a file that is gone', () => {
    assert.deepEqual(replaceFile(join(folder, 'none.md'), shout), { ok: false, error: 'cannot be written (ENOENT)' });
  });

  it('removes what a killed process left, and nothing of a live one', () => {
    const path = fresh('left.md', 'a');
    fresh('.left.md.sync-4194305', 'x');
    fresh(`.left.md.sync-${process.pid}`, 'x');
    fresh('.left.md.sync-mine', 'x');
    removeLeftovers(path);
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('.left')).toSorted(), [`.left.md.sync-${process.pid}`, '.left.md.sync-mine'].toSorted());
  });
});
