import assert from 'node:assert/strict';
import type { InspectionEvent } from 'xstate';
import type { DeadlineName, RunnerMessage } from '../../machines/messages.ts';
import type { RunnerEntry } from '../../machines/runner/context.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Claim } from '../../src/ports/task-registry.ts';
import { WALL_ZERO } from '../../src/simulation/virtual-clock.ts';
import { RunnerBench } from './runner-bench.ts';
import { claimOf, exitOf, handleOf, readyTask, reportOf, slot } from './samples.ts';

export const TASK = readyTask('build', { fence: 4 });
export const CLAIM = claimOf(TASK);
export const LAUNCHED = { handle: handleOf(), at: 0, wallAt: WALL_ZERO };
export const DEADLINES: readonly DeadlineName[] = ['runTime', 'retryLaunch', 'retrySettle', 'retryStop', 'retryInspect'];

/** Which end belongs to which outcome; without one it was never claimed. */
const FINAL: Readonly<Record<Outcome['kind'], string>> = {
  succeeded: 'done',
  parked: 'done',
  failed: 'failed',
  launchFailed: 'failed',
  throttled: 'failed',
  timedOut: 'timedOut',
  lost: 'lost',
  cancelled: 'cancelled',
  interrupted: 'cancelled',
};

/** What is known from outside: calls made and answers given, nothing of the statechart itself. */
export class RunnerWitness {
  readonly bench: RunnerBench;
  settlings = 0;
  #wasSettling = false;
  /** A process that was started, or may have been, and of which no end is proven. */
  #mayLive: boolean;
  #obtained: boolean;
  #claimed: boolean;
  #seen = 0;

  /** @param inspected sees what the actor system does, besides the witness itself */
  constructor(way: RunnerEntry, inspected: (event: InspectionEvent) => void = () => undefined) {
    const known = way.kind === 'condemned' ? way.last : null;
    this.#obtained = way.kind === 'adopted' ? way.slot !== null : known !== null && known.slot !== null;
    this.#claimed = way.kind === 'adopted' || (known !== null && known.claim !== null);
    // What was decided was decided over a proven end.
    this.#mayLive = way.kind === 'adopted' || (known !== null && known.claim !== null && known.outcome === null);
    const inspect = (event: InspectionEvent): void => {
      inspected(event);
      if (event.type !== '@xstate.microstep' || !('value' in event.snapshot)) return;
      const { value } = event.snapshot;
      const isSettling = typeof value === 'object' && value !== null && 'settling' in value;
      if (isSettling && !this.#wasSettling) this.settlings += 1;
      this.#wasSettling = isSettling;
    };
    this.bench = new RunnerBench(inspect, way, TASK);
    this.#look();
  }

  can(told: RunnerMessage): boolean {
    const now = this.bench.ref.getSnapshot();
    return now.status === 'active' && now.can(told);
  }

  say(told: RunnerMessage): void {
    if (!this.can(told)) return;
    const { ref } = this.bench;
    const before = ref.getSnapshot();
    if (told.type === 'slot.obtained') this.#obtained = true;
    if (told.type === 'claim.granted') this.#claimed = true;
    if (told.type === 'launch.succeeded' || told.type === 'inspection.alive') this.#mayLive = true;
    if (/^(process\.(exited|vanished)|inspection\.(exited|vanished|neverStarted))$/.test(told.type)) this.#mayLive = false;
    // While it is being stopped its exit does not prove its descendants dead; the stop does.
    if (before.matches({ live: 'stopping' })) this.#mayLive = true;
    if (told.type === 'stop.finished') this.#mayLive = told.survivors.length > 0;
    ref.send(told);
    this.#look();
  }

  /** Judges the calls that were made since it last looked. */
  #look(): void {
    const { calls } = this.bench.desk;
    for (; this.#seen < calls.length; this.#seen += 1) {
      const call = calls[this.#seen];
      if (call?.port === 'launch') this.#mayLive = false;
      if (call?.port === 'settle' || call?.port === 'releaseSlot') {
        assert.equal(this.#mayLive, false, `${call.port} while the process may be alive`);
      }
      if (call?.port === 'settle') {
        const { claim } = call.input as { claim: Claim };
        assert.equal(claim.attempt, 5, 'settled under the attempt that was claimed');
      }
    }
  }

  /** Its dispatcher cannot speak for it any more: the next one finds everything as it is. */
  #keepsAll(): void {
    const { bench } = this;
    assert.ok(bench.parent.types().includes('registry.failed'), 'the dispatcher knows');
    assert.equal(bench.desk.count('releaseSlot'), 0, 'the slot is kept');
    assert.deepEqual(bench.desk.calls.filter(({ open }) => open), [], 'no port call is left open');
  }

  /** Whatever happened so far, a kind world ends it, and then the sums are right. */
  conclude(): void {
    for (let round = 0; round < 6; round += 1) for (const told of KIND_WORLD) this.say(told);
    const { bench } = this;
    const { context, status } = bench.ref.getSnapshot();
    if (bench.state === 'forsaken') return this.#keepsAll();
    assert.equal(status, 'done', `stuck in ${bench.state}`);
    assert.equal(this.settlings, 1, 'through settling once');
    assert.equal(bench.desk.count('releaseSlot'), this.#obtained ? 1 : 0, 'the slot is released once, if there was one');
    assert.equal(bench.desk.count('settle') > 0, this.#claimed, 'settled exactly if it was claimed');
    assert.equal(bench.state, context.outcome === null ? 'cancelled' : FINAL[context.outcome.kind]);
    bench.ended(bench.state);
  }
}

/** In every state the world has a good answer; so many of them end any life. */
const KIND_WORLD: readonly RunnerMessage[] = [
  { type: 'slot.obtained', slot: slot() },
  { type: 'claim.granted', claim: CLAIM },
  { type: 'launch.succeeded', ...LAUNCHED },
  { type: 'inspection.neverStarted' },
  { type: 'engine.answered' },
  { type: 'process.exited', exit: exitOf(0) },
  { type: 'stop.finished', exit: null, survivors: [] },
  ...DEADLINES.filter((name) => name !== 'runTime').map((name) => ({ type: 'deadline.reached' as const, name, wallAt: WALL_ZERO })),
  { type: 'settle.recorded', report: reportOf('done') },
  { type: 'slot.released' },
];
