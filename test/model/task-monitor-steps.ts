import assert from 'node:assert/strict';
import { createActor, type ActorRefFrom, type AnyEventObject, type InspectionEvent } from 'xstate';
import type { DispatcherMessage, MonitorMessage } from '../../machines/messages.ts';
import { taskMonitorMachine } from '../../machines/task-monitor.machine.ts';
import { portError, type FailureKind } from '../../src/domain/failures.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';
import { listeningParent, type ListeningParent } from './listening-parent.ts';
import type { Modelled, ModelledWorld, Step } from './modelled.ts';
import { PortDesk } from './port-desk.ts';
import { readyTask } from './samples.ts';

const POLL_MS = 5000;
const PAUSE_MS = 1000;
/** Changes in one page of the feed. */
const PAGE = 2;

/** A monitor, the change feed it reads, and what must have been told by now. */
class MonitorWorld implements ModelledWorld {
  readonly #clock = new VirtualClock();
  readonly #desk = new PortDesk();
  readonly #parent: ListeningParent;
  readonly #ref: ActorRefFrom<typeof taskMonitorMachine>;
  readonly #expected: DispatcherMessage[] = [];
  /** Length of the feed, how far it was read, and how far the fetch under way can see. */
  #feed = 0;
  #cursor = 0;
  #horizon = 0;
  #fetches = 0;
  #state: 'fetching' | 'waiting' | 'backingOff' = 'fetching';
  /** Something was said since the fetch under way began. */
  #again = false;
  /** Length of the feed at each check that was asked for; tokens count from 1. */
  readonly #checks: number[] = [];
  #answered = 0;

  constructor(inspect: (event: InspectionEvent) => void) {
    this.#parent = listeningParent(this.#clock, inspect);
    const logic = taskMonitorMachine.provide({ actors: { fetchChanges: this.#desk.port('fetchChanges') } });
    this.#ref = createActor(logic, { id: 'monitor', parent: this.#parent.ref, input: { pollIntervalMs: POLL_MS } });
    this.#ref.start();
  }

  get state(): string {
    return this.#state;
  }

  can(message: MonitorMessage): boolean {
    return this.#ref.getSnapshot().can(message);
  }

  change(): void {
    this.#feed += 1;
  }

  say(): void {
    this.#ref.send({ type: 'registry.changed' });
    this.#heed();
  }

  check(): void {
    this.#checks.push(this.#feed);
    this.#ref.send({ type: 'monitor.check', token: this.#checks.length });
    this.#heed();
  }

  configure(): void {
    this.#ref.send({ type: 'monitor.configure', pollIntervalMs: POLL_MS });
  }

  #heed(): void {
    if (this.#state === 'waiting') this.#begin();
    else if (this.#state === 'fetching') this.#again = true;
  }

  /** A fetch sees at least what was there when it began. */
  #begin(): void {
    this.#state = 'fetching';
    this.#again = false;
    this.#horizon = this.#feed;
    this.#fetches += 1;
  }

  /** The page that the oldest look at the feed gives: nothing that came after the fetch began. */
  page(): void {
    const end = Math.min(this.#cursor + PAGE, this.#horizon);
    const numbers = Array.from({ length: end - this.#cursor }, (_, i) => this.#cursor + i + 1);
    const ready = numbers.filter((n) => n % 3 > 0).map((n) => readyTask(`t${n}`));
    const gone = numbers.filter((n) => n % 3 === 0).map((n) => readyTask(`t${n}`).key);
    if (numbers.length > 0) this.#expected.push({ type: 'tasks.changed', ready, gone });
    const more = end < this.#horizon;
    this.#cursor = end;
    const goesOn = more || this.#again;
    this.#desk.answer('fetchChanges', { type: 'changes.fetched', batch: { ready, gone, cursor: end, more } });
    if (goesOn) this.#begin();
    else this.#state = 'waiting';
  }

  refuse(kind: FailureKind): void {
    const error = portError(kind, kind);
    if (kind !== 'transient') this.#expected.push({ type: 'registry.failed', error });
    this.#desk.answer('fetchChanges', { type: 'changes.failed', error });
    this.#state = 'backingOff';
  }

  pass(): void {
    const ms = this.#state === 'waiting' ? POLL_MS : PAUSE_MS;
    this.#clock.advance(ms - 1);
    assert.equal(this.#ref.getSnapshot().value, this.#state, 'not before its time');
    this.#clock.advance(1);
    this.#begin();
  }

  #isAnswer = ({ type }: AnyEventObject): boolean => type === 'monitor.caughtUp';

  look(): void {
    assert.equal(this.#ref.getSnapshot().value, this.#state);
    assert.equal(this.#desk.calls.filter(({ open }) => open).length, this.#state === 'fetching' ? 1 : 0);
    assert.equal(this.#desk.count('fetchChanges'), this.#fetches + 1, 'a fetch for each reason, and the first');
    if (this.#state === 'fetching') assert.equal(this.#desk.input('fetchChanges')['cursor'] ?? 0, this.#cursor);
    assert.deepEqual(this.#parent.heard.filter((event) => !this.#isAnswer(event)), this.#expected, 'each change once, in order');
    const tokens = this.#parent.heard.filter(this.#isAnswer).map((event) => Number(event['token']));
    assert.deepEqual(tokens, tokens.toSorted((a, b) => a - b));
    assert.equal(new Set(tokens).size, tokens.length, 'no answer twice');
    this.#answered = tokens.at(-1) ?? 0;
    assert.ok(this.#answered <= this.#checks.length);
    const seen = this.#checks[this.#answered - 1] ?? 0;
    assert.ok(this.#cursor >= seen, `caught up with ${this.#cursor}, but ${seen} were there when it was asked`);
  }

  place(): string {
    const { again, asked, answering, answered, cursor } = this.#ref.getSnapshot().context;
    const open = [asked > answered, answering > answered, cursor === null];
    const behind = [this.#feed - this.#cursor, this.#horizon - this.#cursor].map((n) => Math.min(n, PAGE + 1));
    return JSON.stringify([this.#state, again, ...open, ...behind]);
  }

  conclude(): void {
    const isDone = (): boolean =>
      this.#state === 'waiting' && this.#cursor === this.#feed && this.#answered === this.#checks.length;
    for (let round = 0; !isDone(); round += 1) {
      assert.ok(round < this.#feed + 10, `stuck in ${this.#state}`);
      if (this.#state === 'fetching') this.page();
      else this.pass();
      this.look();
    }
  }
}

const answers = (type: 'changes.fetched' | 'changes.failed') => (world: MonitorWorld): boolean =>
  world.can(
    type === 'changes.fetched'
      ? { type, batch: { ready: [], gone: [], cursor: 0, more: false } }
      : { type, error: portError('transient', '') },
  );

const steps: readonly Step<MonitorWorld>[] = [
  { name: 'a change that nobody tells of', can: () => true, run: (world) => world.change() },
  {
    name: 'a change',
    can: (world) => world.can({ type: 'registry.changed' }),
    run: (world) => {
      world.change();
      world.say();
    },
  },
  { name: 'news of nothing', can: (world) => world.can({ type: 'registry.changed' }), run: (world) => world.say() },
  { name: 'a check', can: (world) => world.can({ type: 'monitor.check', token: 1 }), run: (world) => world.check() },
  { name: 'the interval again', can: () => true, run: (world) => world.configure() },
  { name: 'a page', can: answers('changes.fetched'), run: (world) => world.page() },
  { name: 'a passing fault', can: answers('changes.failed'), run: (world) => world.refuse('transient') },
  { name: 'a broken registry', can: answers('changes.failed'), run: (world) => world.refuse('permanent') },
  { name: 'time', can: ({ state }) => state !== 'fetching', run: (world) => world.pass() },
];

export const modelledMonitor: Modelled<MonitorWorld> = {
  machine: taskMonitorMachine,
  begin: (inspect) => new MonitorWorld(inspect),
  steps,
};
