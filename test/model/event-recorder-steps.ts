import assert from 'node:assert/strict';
import { createActor, type ActorRefFrom, type InspectionEvent } from 'xstate';
import { EventBuffer } from '../../machines/event-buffer.ts';
import { eventRecorderMachine } from '../../machines/event-recorder.machine.ts';
import type { RecorderMessage } from '../../machines/messages.ts';
import { event } from '../../src/domain/events.ts';
import { portError, type PortError } from '../../src/domain/failures.ts';
import type { KeyedEvent } from '../../src/ports/event-journal.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';
import { listeningParent, rememberingTelemetry, type ListeningParent } from './listening-parent.ts';
import type { Modelled, ModelledWorld, Step } from './modelled.ts';
import { PortDesk } from './port-desk.ts';

const PAUSE_MS = 5000;
/** Events that fit into memory. */
const ROOM = 3;
const BUSY = portError('transient', 'busy');
const DEPOSED = portError('deposed', 'another one is in office');
const BATCH_PORTS: ReadonlySet<string> = new Set(['recordEvents', 'appendToJournal']);
interface Batch {
  readonly events: readonly KeyedEvent[];
}
const EVENT = event('PoolResized', 0, 'dispatcher');

type Place = 'replaying' | 'idle' | 'writing' | 'appending' | 'resting';
const VALUES: Readonly<Record<Place, unknown>> = {
  replaying: 'replaying',
  idle: { recording: 'idle' },
  writing: { recording: 'writing' },
  appending: { fallback: 'appending' },
  resting: { fallback: 'resting' },
};

/** A recorder, the registry and the journal it writes to, and what must be in them by now. */
class RecorderWorld implements ModelledWorld {
  readonly #clock = new VirtualClock();
  readonly #desk = new PortDesk();
  readonly #parent: ListeningParent;
  readonly #buffer = new EventBuffer('life', ROOM);
  readonly #telemetry = rememberingTelemetry();
  readonly #ref: ActorRefFrom<typeof eventRecorderMachine>;
  #state: Place = 'replaying';
  /** How many events there were, how many got a number, and how many had no room since there was some last. */
  #made = 0;
  #numbered = 0;
  #dropped = 0;
  #droppings = 0;
  /** How many were dropped before the event with this number, which tells of it. */
  readonly #gaps = new Map<number, number>();
  /** Made, and nobody has said yet that they are safe. */
  #unsafe: number[] = [];
  #sending: readonly number[] = [];
  #calls = 0;
  readonly #registry = new Set<number>();
  #journal: number[] = [];
  /** What the replay under way has read, and what is still on its way to the journal. */
  #read: readonly number[] = [];
  #late: readonly number[] = [];
  #flushAsked = false;
  #flushes = 0;
  #depositions = 0;

  constructor(inspect: (event: InspectionEvent) => void) {
    this.#parent = listeningParent(this.#clock, inspect);
    const actors = {
      recordEvents: this.#desk.port<Batch>('recordEvents'),
      appendToJournal: this.#desk.port<Batch>('appendToJournal'),
      replayEvents: this.#desk.port<Record<string, never>>('replayEvents'),
    };
    const input = { buffer: this.#buffer, telemetry: this.#telemetry };
    this.#ref = createActor(eventRecorderMachine.provide({ actors }), { id: 'recorder', parent: this.#parent.ref, input });
    this.#ref.start();
  }

  get state(): Place {
    return this.#state;
  }

  get hasLate(): boolean {
    return this.#late.length > 0;
  }

  can(message: RecorderMessage): boolean {
    return this.#ref.getSnapshot().can(message);
  }

  #enter(state: Place): void {
    this.#state = state;
    if (state === 'writing' || state === 'appending') this.#sending = [...this.#unsafe];
    if (state === 'replaying') this.#read = [...this.#journal];
    if (this.#flushAsked && this.#unsafe.length === 0 && (state === 'idle' || state === 'resting')) {
      this.#flushAsked = false;
      this.#flushes += 1;
    }
  }

  #record(): void {
    this.#enter(this.#unsafe.length > 0 ? 'writing' : 'idle');
  }

  #number(): void {
    this.#numbered += 1;
    this.#unsafe.push(this.#numbered);
  }

  #safe(): void {
    this.#unsafe = this.#unsafe.filter((n) => !this.#sending.includes(n));
    if (this.#dropped === 0) return;
    this.#number();
    this.#gaps.set(this.#numbered, this.#dropped);
    this.#dropped = 0;
  }

  make(): void {
    this.#made += 1;
    if (this.#unsafe.length < ROOM) this.#number();
    else {
      this.#dropped += 1;
      if (this.#dropped === 1) this.#droppings += 1;
    }
    this.#ref.send({ type: 'event.record', event: EVENT });
    if (this.#state === 'idle') this.#enter('writing');
    else if (this.#state === 'resting') this.#enter('appending');
  }

  flush(): void {
    this.#flushAsked = true;
    this.#ref.send({ type: 'recorder.flush' });
    if (this.#state === 'idle' || this.#state === 'resting') this.#enter(this.#state);
  }

  #store(numbers: readonly number[]): void {
    for (const n of numbers) this.#registry.add(n);
  }

  #answer(port: string, isAnswered: boolean, error: PortError): void {
    if (!isAnswered && error.kind === 'deposed') this.#depositions += 1;
    this.#desk.answer(port, isAnswered ? { type: 'events.recorded' } : { type: 'events.refused', error });
  }

  /** @param stored whether the registry has them, whatever it says */
  write(isAnswered: boolean, stored = isAnswered, error = BUSY): void {
    if (stored) this.#store(this.#sending);
    this.#answer('recordEvents', isAnswered, error);
    if (!isAnswered) return this.#enter('appending');
    this.#safe();
    this.#record();
  }

  append(isAnswered: boolean, stored = isAnswered): void {
    if (stored) this.#journal.push(...this.#sending);
    this.#desk.answer('appendToJournal', isAnswered ? { type: 'journal.appended' } : { type: 'journal.failed', error: BUSY });
    if (isAnswered) this.#safe();
    this.#enter(isAnswered && this.#unsafe.length > 0 ? 'appending' : 'resting');
  }

  replay(isAnswered: boolean, stored = isAnswered, error = BUSY): void {
    if (stored) this.#store(this.#read);
    if (isAnswered && this.#read.length > 0) this.#journal = [];
    this.#answer('replayEvents', isAnswered, error);
    if (isAnswered) this.#record();
    else this.#enter(this.#unsafe.length > 0 ? 'appending' : 'resting');
  }

  pass(): void {
    if (this.#state === 'appending') this.#late = this.#sending;
    this.#clock.advance(PAUSE_MS);
    this.#enter('replaying');
  }

  /** An append whose answer nobody waits for any more. */
  land(): void {
    this.#journal.push(...this.#late);
    this.#late = [];
  }

  look(): void {
    assert.deepEqual(this.#ref.getSnapshot().value, VALUES[this.#state]);
    for (const call of this.#desk.calls.slice(this.#calls)) {
      if (!BATCH_PORTS.has(call.port)) continue;
      const { events } = call.input as Batch;
      // Every call takes all that is not safe, in order, each under the key that it had before.
      assert.deepEqual(events.map(({ key, event: { details } }) => [key, details['count']]), this.#sending.map((n) => [`life-${n}`, this.#gaps.get(n)]));
    }
    this.#calls = this.#desk.calls.length;
    const stored = [...this.#registry];
    assert.deepEqual(stored, stored.toSorted((a, b) => a - b), 'in the order in which they were made');
    const kept = new Set([...stored, ...this.#journal, ...this.#unsafe]);
    assert.equal(kept.size, this.#numbered, 'nothing is lost');
    const heard = (type: string): number => this.#parent.types().filter((each) => each === type).length;
    assert.equal(heard('recorder.flushed'), this.#flushes, 'a flush is answered once everything is safe, and once');
    assert.equal(heard('registry.failed'), this.#depositions, 'who is deposed is told');
    assert.equal(this.#telemetry.told.length, this.#droppings, 'that events are dropped is said once each time');
    const dropped = [...this.#gaps.values()].reduce((sum, n) => sum + n, this.#dropped);
    assert.equal(this.#numbered - this.#gaps.size + dropped, this.#made, 'what is dropped is counted');
    assert.equal(this.#buffer.isEmpty, this.#unsafe.length === 0);
  }

  place(): string {
    const { size, sending } = this.#buffer;
    const filled = [this.#journal, this.#late, this.#unsafe].map((list) => list.length > 0);
    return JSON.stringify([this.#state, sending.length < size, ...filled, this.#dropped > 0, this.#flushAsked]);
  }

  conclude(): void {
    this.flush();
    for (let round = 0; this.#state !== 'idle'; round += 1) {
      assert.ok(round < 10, `stuck in ${this.#state}`);
      if (this.#state === 'writing') this.write(true);
      else if (this.#state === 'appending') this.append(true);
      else if (this.#state === 'replaying') this.replay(true);
      else this.pass();
      this.look();
    }
    assert.deepEqual([...this.#registry], Array.from({ length: this.#numbered }, (_, i) => i + 1), 'all of them, in order, each once');
    assert.equal(this.#flushAsked, false);
  }
}

const RECORDED = { type: 'events.recorded' } as const;
const APPENDED = { type: 'journal.appended' } as const;
const isWriting = (world: RecorderWorld): boolean => world.state === 'writing' && world.can(RECORDED);
const isAppending = (world: RecorderWorld): boolean => world.can(APPENDED);
const isReplaying = (world: RecorderWorld): boolean => world.state === 'replaying' && world.can(RECORDED);

const steps: readonly Step<RecorderWorld>[] = [
  { name: 'an event', can: (world) => world.can({ type: 'event.record', event: EVENT }), run: (world) => world.make() },
  { name: 'a flush', can: (world) => world.can({ type: 'recorder.flush' }), run: (world) => world.flush() },
  { name: 'stored', can: isWriting, run: (world) => world.write(true) },
  { name: 'refused', can: isWriting, run: (world) => world.write(false) },
  { name: 'stored, and the answer is a refusal', can: isWriting, run: (world) => world.write(false, true) },
  { name: 'refused, for another one is in office', can: isWriting, run: (world) => world.write(false, false, DEPOSED) },
  { name: 'journaled', can: isAppending, run: (world) => world.append(true) },
  { name: 'not journaled', can: isAppending, run: (world) => world.append(false) },
  { name: 'journaled, and the answer is a failure', can: isAppending, run: (world) => world.append(false, true) },
  { name: 'replayed', can: isReplaying, run: (world) => world.replay(true) },
  { name: 'not replayed', can: isReplaying, run: (world) => world.replay(false) },
  { name: 'not replayed, for another one is in office', can: isReplaying, run: (world) => world.replay(false, false, DEPOSED) },
  { name: 'replayed, and not cleared', can: isReplaying, run: (world) => world.replay(false, true) },
  { name: 'time', can: ({ state }) => state === 'appending' || state === 'resting', run: (world) => world.pass() },
  { name: 'a late line in the journal', can: ({ hasLate }) => hasLate, run: (world) => world.land() },
];

export const modelledRecorder: Modelled<RecorderWorld> = {
  machine: eventRecorderMachine,
  begin: (inspect) => new RecorderWorld(inspect),
  steps,
};
