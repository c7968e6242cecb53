import assert from 'node:assert/strict';
import { createActor, type ActorRefFrom, type InspectionEvent } from 'xstate';
import { DeadlockBoard } from '../../machines/deadlock-board.ts';
import { deadlockMonitorMachine } from '../../machines/deadlock-monitor.machine.ts';
import type { DeadlockMonitorMessage } from '../../machines/messages.ts';
import type { DependencyDeadlock, StuckReport } from '../../src/domain/deadlock.ts';
import type { EventDraft } from '../../src/domain/events.ts';
import { portError } from '../../src/domain/failures.ts';
import { deadlocksOf } from '../../src/scheduling/stuck.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';
import { listeningParent, rememberingTelemetry, type ListeningParent } from './listening-parent.ts';
import type { Modelled, ModelledWorld, Step } from './modelled.ts';
import { PortDesk } from './port-desk.ts';
import { readyTask } from './samples.ts';

const INTERVAL_MS = 60_000;
const FIRST_MS = 1000;
/** Lines for people after one survey. */
const LINES = 10;
const MANY = 12;

const NO_POOLS = { never: () => null, candidatesOf: () => [] };

const finding = (root: string, count: number): DependencyDeadlock => ({
  kind: 'failed',
  path: [readyTask(root).key],
  heldUp: { count, isExact: true, first: [readyTask(`behind-${root}`).key] },
});

/** A monitor, the registry it asks, and what must be on record by now. */
class MonitorWorld implements ModelledWorld {
  readonly #clock = new VirtualClock();
  readonly #desk = new PortDesk();
  readonly #telemetry = rememberingTelemetry();
  readonly #board = new DeadlockBoard();
  readonly #parent: ListeningParent;
  readonly #ref: ActorRefFrom<typeof deadlockMonitorMachine>;
  /** What failed, and how many wait for it: as it is, and as it was at the last survey. */
  readonly #now = new Map<string, number>();
  #told: ReadonlyMap<string, number> = new Map();
  readonly #expected: string[] = [];
  #lines = 0;
  #state: 'beginning' | 'surveying' | 'waiting' = 'beginning';

  constructor(inspect: (event: InspectionEvent) => void) {
    this.#parent = listeningParent(this.#clock, inspect);
    const logic = deadlockMonitorMachine.provide({ actors: { survey: this.#desk.port('survey') } });
    const input = {
      checkIntervalMs: INTERVAL_MS,
      judge: (report: StuckReport) => deadlocksOf(report, NO_POOLS),
      board: this.#board,
      telemetry: this.#telemetry,
      wall: () => this.#clock.wall(),
    };
    this.#ref = createActor(logic, { id: 'deadlockMonitor', parent: this.#parent.ref, input });
    this.#ref.start();
  }

  get state(): string {
    return this.#state;
  }

  can(message: DeadlockMonitorMessage): boolean {
    return this.#ref.getSnapshot().can(message);
  }

  /** @param count of tasks held up by it; 0: no longer */
  hold(root: string, count: number): void {
    if (count === 0) this.#now.delete(root);
    else this.#now.set(root, count);
  }

  survey(): void {
    const deadlocks = [...this.#now].map(([root, count]) => finding(root, count));
    const detected = [...this.#now].filter(([root, count]) => this.#told.get(root) !== count);
    const resolved = [...this.#told.keys()].filter((root) => !this.#now.has(root));
    this.#expected.push(...detected.map(([root, count]) => `DeadlockDetected ${root} ${count}`));
    this.#expected.push(...resolved.map((root) => `DeadlockResolved ${root} ${this.#told.get(root) ?? 0}`));
    this.#lines += Math.min(detected.length, LINES) + (detected.length > LINES ? 1 : 0) + resolved.length;
    this.#told = new Map(this.#now);
    this.#desk.answer('survey', { type: 'stuck.surveyed', report: { deadlocks, stuck: this.#now.size, shapes: [] } });
    this.#state = 'waiting';
  }

  refuse(): void {
    this.#desk.answer('survey', { type: 'stuck.failed', error: portError('transient', 'busy') });
    this.#state = 'waiting';
  }

  pass(): void {
    const ms = this.#state === 'beginning' ? FIRST_MS : INTERVAL_MS;
    this.#clock.advance(ms - 1);
    assert.equal(this.#ref.getSnapshot().value, this.#state, 'not before its time');
    this.#clock.advance(1);
    this.#state = 'surveying';
  }

  look(): void {
    assert.equal(this.#ref.getSnapshot().value, this.#state);
    assert.equal(this.#desk.calls.filter(({ open }) => open).length, this.#state === 'surveying' ? 1 : 0);
    const recorded = this.#parent.heard.map((message) => {
      assert.equal(message.type, 'event.record');
      const { type, taskId, details } = message['event'] as EventDraft;
      return `${type} ${taskId} ${String(details['held_up'])}`;
    });
    assert.deepEqual(recorded, this.#expected, 'each finding once, and again only when it has changed');
    assert.equal(this.#telemetry.told.length, this.#lines);
    assert.equal(this.#board.size, this.#told.size);
    assert.equal(this.#board.stuck ?? 0, this.#told.size);
  }

  place(): string {
    const differs = [...this.#now].some(([root, count]) => this.#told.get(root) !== count);
    return JSON.stringify([this.#state, differs, Math.min(this.#now.size, 2), Math.min(this.#told.size, 2)]);
  }

  conclude(): void {
    if (this.#state === 'beginning') this.pass();
    if (this.#state === 'surveying') this.survey();
    this.pass();
    this.#now.clear();
    this.survey();
    this.look();
    assert.deepEqual(this.#board.found, []);
  }
}

const ALWAYS = (): boolean => true;
const isAsked = (world: MonitorWorld): boolean =>
  world.can({ type: 'stuck.surveyed', report: { deadlocks: [], stuck: 0, shapes: [] } });

const steps: readonly Step<MonitorWorld>[] = [
  { name: 'one fails', can: ALWAYS, run: (world) => world.hold('a', 1) },
  { name: 'another one fails', can: ALWAYS, run: (world) => world.hold('b', 1) },
  { name: 'more wait for it', can: ALWAYS, run: (world) => world.hold('a', 2) },
  { name: 'it is resolved', can: ALWAYS, run: (world) => world.hold('a', 0) },
  {
    name: 'many fail at once',
    can: ALWAYS,
    run: (world) => {
      for (let i = 0; i < MANY; i += 1) world.hold(`m${i}`, 1);
    },
  },
  { name: 'a survey', can: isAsked, run: (world) => world.survey() },
  { name: 'no survey', can: (world) => world.can({ type: 'stuck.failed', error: portError('transient', '') }), run: (world) => world.refuse() },
  { name: 'time', can: ({ state }) => state !== 'surveying', run: (world) => world.pass() },
];

export const modelledDeadlockMonitor: Modelled<MonitorWorld> = {
  machine: deadlockMonitorMachine,
  begin: (inspect) => new MonitorWorld(inspect),
  steps,
};
