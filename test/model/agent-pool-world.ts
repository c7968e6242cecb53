import assert from 'node:assert/strict';
import type { AnyEventObject, InspectionEvent } from 'xstate';
import type { PoolMessage } from '../../machines/messages.ts';
import { portError } from '../../src/domain/failures.ts';
import { runnerId } from '../../src/domain/ids.ts';
import type { ModelledWorld } from './modelled.ts';
import { PoolBench } from './pool-bench.ts';
import type { PortCall } from './port-desk.ts';
import { RUNNER_ANSWERS, type RunnerAnswer } from './runner-answers.ts';
import { LOCAL, openAttempt, poolSettings, readyTask, slot } from './samples.ts';

const HEALTH_MS = 20_000;
const { failures: TRIP_LIMIT, cooldownMs: COOLDOWN_MS } = poolSettings().breaker;

type State = 'enabled' | 'disabled' | 'draining' | 'tripped' | 'probing';

/** A pool with real runners, and what it must be and must have said by now. */
export class PoolWorld implements ModelledWorld {
  readonly #inspect: (event: InspectionEvent) => void;
  #bench: PoolBench;
  #state: State = 'enabled';
  /** Launches that failed in a row, not counting those that could never succeed. */
  #streak = 0;
  #probeAt = 0;
  /** Health checks not passed in a row; when the next one is due, if any. */
  #sick = 0;
  #healthMs: number | null = null;
  #throttled = 0;
  #made = 0;
  readonly #live = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #states: State[] = [];
  #declined = 0;
  #resized = 0;
  #passedOn = 0;

  #isUntouched = true;

  constructor(inspect: (event: InspectionEvent) => void) {
    this.#inspect = inspect;
    this.#bench = new PoolBench(inspect);
  }

  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  configureWatched(): void {
    this.#healthMs = HEALTH_MS;
    this.#state = 'enabled';
    const { breaker } = poolSettings();
    this.#bench = new PoolBench(this.#inspect, { breaker: { ...breaker, healthIntervalMs: HEALTH_MS } });
  }

  throttled(): void {
    this.#throttled += 1;
    this.send({ type: 'runner.throttled', runnerId: runnerId('r1'), until: 1, reason: 'slow down' });
  }

  /** The configuration was read again; a health check under way is asked anew. */
  reconfigure(): void {
    const { settings } = this.#bench.ref.getSnapshot().context;
    this.send({ type: 'pool.configure', settings, timeoutMs: 1000, stopGraceMs: 2000 });
    assert.partialDeepStrictEqual(this.#bench.ref.getSnapshot().context.terms, { timeoutMs: 1000, stopGraceMs: 2000 });
  }

  configureDisabled(): void {
    this.#bench = new PoolBench(this.#inspect, { enabled: false });
    this.#state = 'disabled';
    this.#healthMs = null;
  }

  touch(): void {
    this.#isUntouched = false;
  }

  get runners(): number {
    return this.#live.size;
  }

  can(message: PoolMessage): boolean {
    return this.#bench.ref.getSnapshot().can(message);
  }

  /** The call of this port that has waited longest for its answer. */
  call(port: string): PortCall | undefined {
    return this.#bench.desk.calls.find((made) => made.open && made.port === port);
  }

  #answer(port: string, message: AnyEventObject): void {
    this.call(port)?.answer(message);
    this.#hearEnds();
  }

  #enter(state: State, isTold = true): void {
    if (state === 'enabled') this.#sick = 0;
    this.#state = state;
    if (isTold) this.#states.push(state);
  }

  #hearEnds(): void {
    for (const { runnerId: id } of this.#bench.heard('runner.settled')) {
      const name = String(id);
      if (this.#live.delete(name)) this.#settled.add(name);
    }
    if (this.#state === 'draining' && this.#live.size === 0) this.#enter('disabled');
  }

  send(message: PoolMessage): void {
    this.#bench.send(message);
    this.#hearEnds();
  }

  assign(name?: string): void {
    if (name === undefined) this.#made += 1;
    const id = name ?? `r${this.#made}`;
    if (this.#state === 'enabled') this.#live.add(id);
    else this.#declined += 1;
    this.#bench.assign(id);
  }

  assignAgain(): void {
    const [first] = this.#live;
    if (first !== undefined) this.assign(first);
  }

  adopt(): void {
    this.#made += 1;
    const id = runnerId(`r${this.#made}`);
    this.#live.add(id);
    const task = readyTask(id);
    this.send({ type: 'runner.adopt', adoption: { runnerId: id, pool: LOCAL, attempt: openAttempt(task, id), slot: slot() } });
  }

  /** The port that has waited longest for this is answered so. */
  reply(name: RunnerAnswer): void {
    const { port, messageOf } = RUNNER_ANSWERS[name];
    const call = this.call(port);
    if (name === 'launched' || name === 'found alive') this.#streak = 0;
    if (name === 'not launched') this.#countFailure();
    call?.answer(messageOf(call, this.#bench.clock));
    this.#hearEnds();
  }

  /** A bug in an adapter: the actor that watches throws, and its runner's actor with it. */
  launchBroken(): void {
    this.#bench.desk.broken.set('watch', 1);
    this.reply('launched');
  }

  #countFailure(): void {
    this.#streak += 1;
    if (this.#state === 'enabled' && this.#streak >= TRIP_LIMIT) this.#trip(true);
  }

  #trip(isTold: boolean): void {
    this.#probeAt = this.#bench.clock.monotonic() + COOLDOWN_MS;
    this.#enter('tripped', isTold);
  }

  enable(): void {
    if (this.#state === 'tripped' || this.#state === 'probing') this.#streak = 0;
    this.#enter('enabled');
    this.send({ type: 'pool.enable', actor: 'user:ann' });
  }

  disable(): void {
    this.#enter('disabled');
    this.send({ type: 'pool.disable', actor: 'user:ann', reason: 'repairs' });
  }

  drain(): void {
    this.#enter(this.#live.size === 0 ? 'disabled' : 'draining');
    this.send({ type: 'pool.drain', actor: 'user:ann' });
  }

  resize(): void {
    this.#resized += 1;
    this.send({ type: 'pool.resize', actor: 'user:ann', maxConcurrency: this.#resized });
  }

  pass(message: PoolMessage): void {
    this.#passedOn += 1;
    this.send(message);
  }

  /** An answer to a health check, while it is enabled. */
  #checked(isWell: boolean): void {
    this.#sick = isWell ? 0 : this.#sick + 1;
    if (this.#sick >= TRIP_LIMIT) this.#trip(true);
  }

  probed(isWell: boolean): void {
    if (this.#state === 'enabled') {
      this.#checked(isWell);
      const error = portError('transient', 'no answer');
      this.#answer('probe', isWell ? { type: 'engine.healthy' } : { type: 'engine.unhealthy', error });
    } else if (isWell) {
      this.#streak = 0;
      this.#enter('enabled');
      this.#answer('probe', { type: 'engine.healthy' });
    } else {
      this.#trip(false);
      this.#answer('probe', { type: 'engine.unhealthy', error: portError('transient', 'no answer') });
    }
  }

  cancel(isKnown: boolean): void {
    const [first] = this.#live;
    const id = runnerId(isKnown && first !== undefined ? first : 'nobody');
    this.send({ type: 'task.cancel', runnerId: id, reason: 'no more', wallAt: this.#bench.clock.wall() });
  }

  get #isAsked(): boolean {
    return this.call('probe') !== undefined;
  }

  get hasTimer(): boolean {
    return this.#bench.clock.pending > 0;
  }

  /** To the next instant at which something is due, and all of that. */
  pastTime(): void {
    const { clock } = this.#bench;
    clock.step();
    clock.advance(0);
    if (this.#state === 'tripped' && clock.monotonic() >= this.#probeAt) this.#enter('probing', false);
    this.#hearEnds();
  }

  look(): void {
    const { ref, parent, clock } = this.#bench;
    assert.equal(this.#bench.state, this.#state);
    assert.deepEqual(this.#bench.states, this.#states, 'told of every change of its state');
    const { table, launchFailures, sicknesses } = ref.getSnapshot().context;
    assert.equal(launchFailures, this.#streak);
    if (this.#state === 'enabled') assert.equal(sicknesses, this.#sick);
    assert.equal(this.#bench.heard('pool.throttled').length, this.#throttled);
    assert.deepEqual([...table.refs.keys()].toSorted(), [...this.#live].toSorted());
    assert.equal(this.#bench.heard('runner.settled').length, this.#settled.size, 'each runner settles once');
    assert.equal(this.#bench.heard('runner.declined').length, this.#declined);
    assert.equal(this.#bench.heard('pool.resized').length, this.#resized);
    assert.equal(parent.types().filter((type) => type === 'event.record' || type === 'registry.failed').length >= this.#passedOn, true);
    const earliest = table.deadlines.earliest();
    if (earliest !== null) assert.ok(table.armedFor !== null && table.armedFor <= earliest, 'its timer is set');
    if (this.#live.size === 0) assert.equal(table.deadlines.size, 0, 'no deadline of a runner that has ended');
    const own = this.#state === 'tripped' || (this.#state === 'enabled' && this.#healthMs !== null) ? 1 : 0;
    assert.ok(clock.pending <= 1 + own, 'one timer for all runners');
  }

  place(): string {
    const { refs } = this.#bench.ref.getSnapshot().context.table;
    const waiting = this.#bench.desk.calls.find(({ open }) => open)?.port;
    const first = refs.size > 1 ? null : waiting;
    // Health checks are nobody's business but the pool's: they are looked at while nothing runs.
    const health = this.#state === 'enabled' && refs.size === 0 && this.#streak === 0 ? [this.#healthMs, this.#sick, this.#isAsked] : [];
    return JSON.stringify([this.#state, Math.min(this.#streak, TRIP_LIMIT), refs.size, first, this.#isUntouched, ...health]);
  }

  conclude(): void {
    this.send({ type: 'pool.interrupt', reason: 'the end', wallAt: this.#bench.clock.wall() });
    this.send({ type: 'pool.force' });
    for (let round = 0; this.#live.size > 0; round += 1) {
      assert.ok(round < 20, `stuck with ${[...this.#live].join()}`);
      if (this.call('launch') !== undefined) this.reply('launched');
      else if (this.call('inspect') !== undefined) this.reply('never started');
      else if (this.call('stop') !== undefined) this.reply('stopped');
      else this.pastTime();
      this.look();
    }
    assert.notEqual(this.#state, 'draining');
    for (let round = 0; this.#state === 'tripped'; round += 1) {
      assert.ok(round < 5, 'it is probed');
      this.pastTime();
    }
    if (this.#state === 'probing') this.probed(true);
    this.look();
  }
}
