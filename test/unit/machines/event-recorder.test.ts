import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor } from 'xstate';
import { EventBuffer } from '../../../machines/event-buffer.ts';
import { eventRecorderMachine } from '../../../machines/event-recorder.machine.ts';
import { event } from '../../../src/domain/events.ts';
import { portError } from '../../../src/domain/failures.ts';
import type { KeyedEvent } from '../../../src/ports/event-journal.ts';
import { coverageTests } from '../../model/coverage-report.ts';
import { listeningParent, rememberingTelemetry } from '../../model/listening-parent.ts';
import { PortDesk } from '../../model/port-desk.ts';
import { StatechartCoverage } from '../../../src/simulation/statechart-coverage.ts';
import { VirtualClock } from '../../../src/simulation/virtual-clock.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';

const coverage = new StatechartCoverage(eventRecorderMachine);
const BUSY = portError('transient', 'busy');

failOnWarnings();

const DEPOSED = portError('deposed', 'epoch 7 is over');

const recorder = (mostKept?: number) => {
  const clock = new VirtualClock();
  const desk = new PortDesk();
  const parent = listeningParent(clock, coverage.inspect);
  const buffer = new EventBuffer('epoch-7', mostKept);
  const telemetry = rememberingTelemetry();
  const logic = eventRecorderMachine.provide({
    actors: {
      recordEvents: desk.port('recordEvents'),
      appendToJournal: desk.port('appendToJournal'),
      replayEvents: desk.port('replayEvents'),
    },
  });
  const ref = createActor(logic, { id: 'recorder', parent: parent.ref, input: { buffer, telemetry } });
  ref.start();
  let made = 0;
  const keysOf = (port: string): readonly string[] =>
    (desk.input(port)['events'] as readonly KeyedEvent[]).map(({ key }) => key.replace('epoch-7-', ''));
  return {
    clock,
    desk,
    buffer,
    telemetry,
    heard: parent.heard,
    ref,
    isIn: (state: unknown): void => assert.deepEqual(ref.getSnapshot().value, state),
    record: (): void => {
      made += 1;
      ref.send({ type: 'event.record', event: event('PoolResized', made, 'dispatcher') });
    },
    flush: (): void => ref.send({ type: 'recorder.flush' }),
    get flushed(): number {
      return parent.types().filter((type) => type === 'recorder.flushed').length;
    },
    recorded: (port = 'recordEvents'): void => desk.answer(port, { type: 'events.recorded' }),
    refused: (port = 'recordEvents', error = BUSY): void => desk.answer(port, { type: 'events.refused', error }),
    keysOf,
  };
};
type Bench = ReturnType<typeof recorder>;

const ready = (mostKept?: number): Bench => {
  const bench = recorder(mostKept);
  bench.recorded('replayEvents');
  bench.isIn({ recording: 'idle' });
  return bench;
};

/** Its first event was refused, and is in the journal. */
const fallenBack = (): Bench => {
  const bench = ready();
  bench.record();
  bench.refused();
  bench.isIn({ fallback: 'appending' });
  bench.desk.answer('appendToJournal', { type: 'journal.appended' });
  bench.isIn({ fallback: 'resting' });
  return bench;
};

describe('the recorder while the registry takes events', () => {
  it('first replays what an earlier life left, and keeps what comes meanwhile', () => {
    const bench = recorder();
    bench.isIn('replaying');
    bench.record();
    assert.equal(bench.desk.count('recordEvents'), 0);
    bench.recorded('replayEvents');
    assert.deepEqual(bench.keysOf('recordEvents'), ['1']);
  });

  it('stores one batch at a time, in order; what comes meanwhile makes the next', () => {
    const bench = ready();
    bench.record();
    bench.record();
    bench.record();
    assert.deepEqual(bench.keysOf('recordEvents'), ['1']);
    bench.recorded();
    assert.deepEqual(bench.keysOf('recordEvents'), ['2', '3']);
    bench.recorded();
    bench.isIn({ recording: 'idle' });
    assert.equal(bench.desk.count('recordEvents'), 2);
  });

  it('answers a flush at once when nothing waits, and else after the last batch', () => {
    const bench = ready();
    bench.flush();
    assert.equal(bench.flushed, 1);
    bench.record();
    bench.flush();
    bench.record();
    bench.recorded();
    assert.equal(bench.flushed, 1);
    bench.recorded();
    assert.equal(bench.flushed, 2);
  });

  it('answers a flush asked for during the replay', () => {
    const bench = recorder();
    bench.flush();
    bench.recorded('replayEvents');
    assert.equal(bench.flushed, 1);
  });
});

describe('the recorder while the registry refuses', () => {
  it('writes to the journal, in order, and flushes that', () => {
    const bench = fallenBack();
    bench.flush();
    assert.equal(bench.flushed, 1);
    bench.record();
    assert.deepEqual(bench.keysOf('appendToJournal'), ['2']);
    bench.record();
    bench.flush();
    bench.desk.answer('appendToJournal', { type: 'journal.appended' });
    assert.deepEqual(bench.keysOf('appendToJournal'), ['3'], 'what came meanwhile does not wait for the next event');
    bench.desk.answer('appendToJournal', { type: 'journal.appended' });
    assert.equal(bench.flushed, 2);
  });

  it('replays after a while, before anything newer is stored', () => {
    const bench = fallenBack();
    bench.clock.advance(5000);
    bench.isIn('replaying');
    bench.record();
    bench.recorded('replayEvents');
    assert.deepEqual(bench.keysOf('recordEvents'), ['2']);
    bench.recorded();
    assert.ok(bench.buffer.isEmpty);
  });

  it('a replay that is refused leads back, at once to the journal if something waits', () => {
    const idle = fallenBack();
    idle.clock.advance(5000);
    idle.refused('replayEvents');
    idle.isIn({ fallback: 'resting' });
    const busy = fallenBack();
    busy.clock.advance(5000);
    busy.record();
    busy.refused('replayEvents');
    assert.deepEqual(busy.keysOf('appendToJournal'), ['2']);
  });

  it('loses nothing when the journal fails as well: kept, and tried with the next', () => {
    const bench = ready();
    bench.record();
    bench.refused();
    bench.desk.answer('appendToJournal', { type: 'journal.failed', error: BUSY });
    bench.isIn({ fallback: 'resting' });
    bench.flush();
    assert.equal(bench.flushed, 0);
    bench.record();
    assert.deepEqual(bench.keysOf('appendToJournal'), ['1', '2']);
    bench.desk.answer('appendToJournal', { type: 'journal.failed', error: BUSY });
    bench.clock.advance(5000);
    bench.recorded('replayEvents');
    assert.deepEqual(bench.keysOf('recordEvents'), ['1', '2']);
    bench.recorded();
    assert.equal(bench.flushed, 1);
  });

  it('an append that was under way when the replay began is stored again under the same key', () => {
    const bench = ready();
    bench.record();
    bench.refused();
    bench.clock.advance(5000);
    bench.isIn('replaying');
    bench.recorded('replayEvents');
    assert.deepEqual(bench.keysOf('recordEvents'), ['1']);
  });
});

describe('the recorder of a dispatcher that was followed by another', () => {
  it('says so, and leaves its events in the journal for that one', () => {
    const bench = ready();
    bench.record();
    bench.refused('recordEvents', DEPOSED);
    assert.deepEqual(bench.heard.at(-1), { type: 'registry.failed', error: DEPOSED });
    bench.flush();
    bench.desk.answer('appendToJournal', { type: 'journal.appended' });
    assert.equal(bench.flushed, 1);
  });

  it('hears it in the replay, too', () => {
    const bench = recorder();
    bench.refused('replayEvents', DEPOSED);
    assert.deepEqual(bench.heard.at(-1), { type: 'registry.failed', error: DEPOSED });
    bench.isIn({ fallback: 'resting' });
  });
});

describe('the recorder when events can be written nowhere', () => {
  const full = (): Bench => {
    const bench = ready(3);
    bench.record();
    bench.refused();
    for (let n = 0; n < 5; n += 1) bench.record();
    bench.desk.answer('appendToJournal', { type: 'journal.failed', error: BUSY });
    return bench;
  };

  it('keeps so many, drops the newest, and says that once', () => {
    const bench = full();
    assert.equal(bench.buffer.size, 3);
    bench.record();
    assert.deepEqual(bench.keysOf('appendToJournal'), ['1', '2', '3']);
    assert.equal(bench.buffer.dropped, 4);
    assert.equal(bench.telemetry.told.length, 1);
    assert.match(JSON.stringify(bench.telemetry.told), /dropped and counted; free some disk space/);
  });

  it('and when there is room again tells how many are missing, where they are missing', () => {
    const bench = full();
    bench.clock.advance(5000);
    bench.recorded('replayEvents');
    bench.recorded();
    bench.record();
    const [gap] = bench.desk.input('recordEvents')['events'] as readonly KeyedEvent[];
    assert.equal(gap?.event.type, 'EventsDropped');
    assert.deepEqual(gap?.event.details, { count: 3, from: 4, until: 6 });
    bench.recorded();
    assert.deepEqual(bench.keysOf('recordEvents'), ['5']);
    bench.recorded();
    assert.ok(bench.buffer.isEmpty);
  });

  it('tells so in the journal as well, at once: a flush does not wait for the next replay', () => {
    const bench = full();
    bench.record();
    bench.flush();
    bench.desk.answer('appendToJournal', { type: 'journal.appended' });
    assert.deepEqual(bench.keysOf('appendToJournal'), ['4'], 'how many are missing');
    assert.equal(bench.flushed, 0);
    bench.desk.answer('appendToJournal', { type: 'journal.appended' });
    assert.equal(bench.flushed, 1);
  });

  it('sends a thousand at a time once they can be stored', () => {
    const bench = ready();
    for (let n = 0; n < 2501; n += 1) bench.record();
    bench.recorded();
    const sizes = [];
    for (; !bench.buffer.isEmpty; bench.recorded()) sizes.push(bench.keysOf('recordEvents').length);
    assert.deepEqual(sizes, [1000, 1000, 500]);
  });
});

// Last in this file: it looks back on the others.
coverageTests(coverage);
