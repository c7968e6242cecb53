import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { event } from '../../../src/domain/events.ts';
import { fileEventJournal } from '../../../src/platform/event-journal.ts';
import type { EventJournal, KeyedEvent } from '../../../src/ports/event-journal.ts';
import { ask } from '../../../src/runtime/ask.ts';

const folder = mkdtempSync(join(tmpdir(), 'event-journal-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => {
  files += 1;
  return join(folder, `${files}.jsonl`);
};

const keyed = (...keys: readonly (string | number)[]): readonly KeyedEvent[] =>
  keys.map((key, n) => ({ key: String(key), event: event('PoolTripped', n, 'dispatcher', { details: { key: `Zoë\n${key}` } }) }));

const append = (journal: EventJournal, events: readonly KeyedEvent[]) => ask<null>((reply) => journal.append(events, reply));
const read = async (journal: EventJournal): Promise<readonly KeyedEvent[]> => {
  const events = await ask<readonly KeyedEvent[]>((reply) => journal.read(reply));
  assert.ok(events.ok, JSON.stringify(events));
  return events.value;
};
const keysIn = async (journal: EventJournal): Promise<readonly string[]> => (await read(journal)).map(({ key }) => key);
const clear = (journal: EventJournal) => ask<null>((reply) => journal.clear(reply));

describe('the event journal', () => {
  it('gives back what was appended, in order, to a later process too, until it is cleared', async () => {
    const path = newPath();
    assert.deepEqual(await read(fileEventJournal(path)), []);
    await append(fileEventJournal(path), keyed(1, 2));
    await append(fileEventJournal(path), keyed(3));
    const later = fileEventJournal(path);
    assert.deepEqual(await read(later), [...keyed(1, 2), ...keyed(3)]);
    assert.deepEqual(await keysIn(fileEventJournal(path)), ['1', '2', '3']);
    await clear(later);
    assert.deepEqual(await read(fileEventJournal(path)), []);
  });

  it('clears what was read, and nothing that came since', async () => {
    const path = newPath();
    const journal = fileEventJournal(path);
    await append(journal, keyed(1));
    await read(journal);
    await append(journal, keyed(2));
    await clear(journal);
    assert.deepEqual(await keysIn(journal), ['2']);
  });

  it('loses no line to one that a crash cut off, and keeps what nobody can read', async () => {
    const path = newPath();
    const journal = fileEventJournal(path);
    await append(journal, keyed(1));
    appendFileSync(path, '{"key":"2","ev');
    await append(journal, keyed(3));
    appendFileSync(path, '\0\0\0');
    assert.deepEqual(await keysIn(journal), ['1', '3']);
    await clear(journal);
    assert.equal(readFileSync(`${path}.unreadable`, 'utf8'), '{"key":"2","ev\n\0\0\0\n');
  });

  it('puts a file of rubbish aside, so that it stands in nobody\'s way', async () => {
    const path = newPath();
    writeFileSync(path, 'rubbish\n{}\n');
    const journal = fileEventJournal(path);
    assert.deepEqual(await read(journal), []);
    assert.equal(existsSync(`${path}.replay`), false);
    assert.equal(readFileSync(`${path}.unreadable`, 'utf8'), 'rubbish\n{}\n');
  });

  it('says in one line what is wrong, where, and how to mend it', async () => {
    const path = newPath();
    mkdirSync(path);
    const failed = await append(fileEventJournal(path), keyed(1));
    assert.ok(!failed.ok);
    assert.equal(failed.error.kind, 'transient');
    assert.match(failed.error.message, /^cannot append to the event journal \S+\.jsonl \(EISDIR.*\); check the permissions of its folder and the free space$/);
  });

  it('takes no more than 16 MiB, and what it has is not harmed by what it refuses', async () => {
    const path = newPath();
    const journal = fileEventJournal(path);
    await append(journal, keyed(1));
    const huge = [{ key: '2', event: event('PoolTripped', 1, 'dispatcher', { details: { text: 'x'.repeat(16 * 1024 * 1024) } }) }];
    assert.equal((await append(journal, huge)).ok, false);
    await append(journal, keyed(3));
    assert.deepEqual(await keysIn(journal), ['1', '3']);
  });

  it('law: whatever is appended, torn and replayed, each line comes up until it is cleared, in order', async () => {
    const step = fc.constantFrom<'append' | 'tear' | 'restart' | 'read' | 'clear'>('append', 'append', 'tear', 'restart', 'read', 'clear');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const path = newPath();
        let journal = fileEventJournal(path);
        let [made, kept, wasRead]: [number, string[], string[]] = [0, [], []];
        for (const what of steps) {
          if (what === 'append') {
            made += 1;
            kept.push(String(made));
            await append(journal, keyed(made));
          } else if (what === 'tear') appendFileSync(path, '{"key":');
          else if (what === 'restart') journal = fileEventJournal(path);
          else if (what === 'read') {
            wasRead = [...(await keysIn(journal))];
            assert.deepEqual(wasRead, kept.slice(0, wasRead.length));
            assert.ok(wasRead.length > 0 || kept.length === 0);
          } else if (wasRead.length > 0) {
            await clear(journal);
            kept = kept.slice(wasRead.length);
            wasRead = [];
          }
        }
        const rest: string[] = [];
        for (let found = await keysIn(journal); found.length > 0; found = await keysIn(journal)) {
          rest.push(...found);
          await clear(journal);
        }
        assert.deepEqual(rest, kept);
      }),
      { numRuns: 60 },
    );
  });
});
