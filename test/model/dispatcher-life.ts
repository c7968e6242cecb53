import assert from 'node:assert/strict';
import type { InspectionEvent } from 'xstate';
import type { DispatcherMessage } from '../../machines/messages.ts';
import { portError, type PortError } from '../../src/domain/failures.ts';
import { runnerId } from '../../src/domain/ids.ts';
import type { PoolSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { DispatcherBench } from './dispatcher-bench.ts';
import { isEnd, judgeEnd, type LifeKind, type Phase } from './dispatcher-end.ts';
import type { ModelledWorld } from './modelled.ts';
import type { PortCall } from './port-desk.ts';
import { RUNNER_ANSWERS, type RunnerAnswer } from './runner-answers.ts';
import { LOCAL, readyTask, settings } from './samples.ts';

const CALM: LifeKind = { untilIdle: false, leaves: false, broken: false };
const { shutdown, stopGraceMs } = settings();
const ABORT_MS = stopGraceMs + 60_000;
const FLUSH_MS = 10_000;
/** Tasks at a time; more show nothing new. */
const MOST_TASKS = 2;

/** A whole dispatcher, nothing at first, beside what its life must look like from outside. */
export class DispatcherLife implements ModelledWorld {
  readonly #inspect: (event: InspectionEvent) => void;
  #bench: DispatcherBench | null = null;
  #kind = CALM;
  #phase: Phase | null = null;
  /** When the phase ends by itself, monotonic ms. */
  #until = Infinity;
  #shutdownAsked = false;
  #drainAsked = false;
  #hasFailed = false;
  /** Runners that were taken over, and tasks that came. */
  #adopted = 0;
  #made = 0;
  #recorder: 'well' | 'stuck' | 'dead' = 'well';

  constructor(inspect: (event: InspectionEvent) => void) {
    this.#inspect = inspect;
  }

  get phase(): Phase | null {
    return this.#phase;
  }

  get #real(): DispatcherBench {
    assert.ok(this.#bench, 'it has begun');
    return this.#bench;
  }

  begin(kind: LifeKind): void {
    this.#kind = kind;
    const { untilIdle, leaves, broken } = kind;
    const onShutdown = leaves ? ('leave' as const) : ('stop' as const);
    this.#bench = new DispatcherBench({
      inspect: this.#inspect,
      settings: { shutdown: { ...shutdown, onShutdown } },
      untilIdle,
      ...(broken ? { broken: 'recover' } : {}),
    });
    this.#phase = broken ? 'failed' : 'starting';
    this.#hasFailed = broken;
  }

  can(told: DispatcherMessage): boolean {
    const now = this.#bench?.actor.getSnapshot();
    return now !== undefined && now.status === 'active' && now.can(told);
  }

  call(port: string): PortCall | undefined {
    // The dead are asked nothing; the runners that a dispatcher leaves behind go on without it.
    if (isEnd(this.#phase)) return undefined;
    return this.#bench?.desk.calls.find((made) => made.open && made.port === port);
  }

  /** Runners that hold something: each obtained a slot or was adopted, and was not settled. */
  get #live(): number {
    return this.#real.desk.count('obtainSlot') + this.#adopted - this.#real.told('runnerSettled');
  }

  get hasRunner(): boolean {
    return this.hasChildren && !this.#isAtItsEnd && this.call('watch') !== undefined;
  }

  get hasTimer(): boolean {
    return !isEnd(this.#phase) && this.#bench !== null && this.#bench.clock.pending > 0;
  }

  get maySubmit(): boolean {
    return this.call('fetchChanges') !== undefined && this.#live + this.#real.scheduler.waiting < MOST_TASKS;
  }

  get hasChildren(): boolean {
    return this.#phase !== null && this.#phase !== 'starting' && !isEnd(this.#phase);
  }

  get monitorWaits(): boolean {
    return this.#phase === 'running' && this.call('fetchChanges') === undefined;
  }

  get recorderWaits(): boolean {
    return this.hasChildren && this.#recorder === 'well' && !this.#isAtItsEnd;
  }

  get #isAtItsEnd(): boolean {
    return this.#phase === 'closing' || this.#phase === 'forsaking';
  }

  #enter(phase: Phase, ms = Infinity): void {
    this.#phase = phase;
    this.#until = this.#real.clock.monotonic() + ms;
  }

  #end = (): void => this.#enter(this.#hasFailed ? 'failed' : 'stopped');
  #close = (): void => this.#enter('closing', FLUSH_MS);

  /** What follows by itself from where it is. */
  #follow(): void {
    const isQuiet = this.#live === 0;
    const { scheduler, state } = this.#real;
    const isIdle = isQuiet && scheduler.waiting === 0;
    // Whether the monitor has looked again is its own affair; but only with nothing left may it end.
    if (this.#phase === 'running' && this.#kind.untilIdle && state !== 'running' && isIdle) this.#close();
    if (this.#phase === 'finishing' && isQuiet) this.#close();
    if (this.#phase === 'draining' && (isQuiet || this.#kind.leaves)) this.#close();
    if (this.#phase === 'aborting' && isQuiet) this.#close();
    if (this.#isAtItsEnd && this.#recorder === 'well') this.#end();
  }

  say(told: DispatcherMessage): void {
    this.#real.send(told);
    this.#follow();
  }

  recover(left: number): void {
    const bench = this.#real;
    const tasks: readonly ReadyTask[] = Array.from({ length: left }, (_, i) => readyTask(`left${i + 1}`));
    this.#adopted = left;
    if (this.#shutdownAsked) this.#enter('draining', shutdown.timeoutMs);
    else this.#enter(this.#drainAsked ? 'finishing' : 'running');
    bench.start(tasks.map((task) => bench.adoption(task)));
    this.#follow();
  }

  failRecovery(): void {
    this.#hasFailed = true;
    this.#enter('failed');
    this.#real.desk.answer('recover', { type: 'recovery.failed', error: portError('permanent', 'disk full') });
  }

  shutdown(): void {
    if (this.#phase === 'starting' && this.#shutdownAsked) this.#enter('stopped');
    else if (this.#phase === 'running' || this.#phase === 'finishing') this.#enter('draining', shutdown.timeoutMs);
    else if (this.#phase === 'draining') this.#enter('aborting', ABORT_MS);
    this.#shutdownAsked = true;
    this.#real.shutdown();
    this.#follow();
  }

  drain(): void {
    this.#drainAsked = true;
    if (this.#phase === 'running') this.#enter('finishing');
    this.#real.drain();
    this.#follow();
  }

  submit(delayMs: number | null): void {
    this.#made += 1;
    const notBefore = delayMs === null ? null : this.#real.clock.wall() + delayMs;
    this.#real.feed([readyTask(`t${this.#made}`, { notBefore })]);
    this.#follow();
  }

  fetch(): void {
    this.#real.feed();
    this.#follow();
  }

  /** The port that has waited longest for this is answered so. */
  reply(name: RunnerAnswer): void {
    const { port, messageOf } = RUNNER_ANSWERS[name];
    const call = this.call(port);
    call?.answer(messageOf(call, this.#real.clock));
    this.#follow();
  }

  reload(pools: readonly PoolSettings[]): void {
    const { settings: same } = this.#real.actor.getSnapshot().context;
    this.say({ type: 'configuration.changed', settings: same, pools, actor: 'cli:ann', changes: {} });
  }

  /** For ten seconds. */
  throttle(): void {
    const until = this.#real.clock.wall() + 10_000;
    this.say({ type: 'pool.throttled', pool: LOCAL, until, reason: 'slow down' });
  }

  /** Words of a pool about a runner that the ledger does not know: nothing may come of them. */
  decline(): void {
    const task = readyTask('stranger');
    this.#real.send({ type: 'runner.declined', runnerId: runnerId('stranger'), task });
    this.#real.scheduler.drop(task.key);
    this.#follow();
  }

  /** To the next instant at which something is due, and all of that. */
  pass(): void {
    const { clock } = this.#real;
    clock.step();
    clock.advance(0);
    if (clock.monotonic() >= this.#until) {
      if (this.#phase === 'draining') this.#enter('aborting', ABORT_MS);
      else if (this.#phase === 'aborting') {
        this.#hasFailed = true;
        this.#close();
      } else if (this.#isAtItsEnd) this.#end();
    }
    this.#follow();
  }

  breakRegistry(error: PortError): void {
    this.#hasFailed = true;
    if (!this.#isAtItsEnd) this.#enter('forsaking', FLUSH_MS);
    this.say({ type: 'registry.failed', error });
  }

  breakMonitor(): void {
    this.#hasFailed = true;
    this.#enter('aborting', ABORT_MS);
    this.#real.desk.broken.set('fetchChanges', 1);
    this.say({ type: 'registry.changed' });
    if (this.#real.state === 'running') this.#real.clock.advance(1000);
    this.#follow();
  }

  breakRecorder(told: DispatcherMessage): void {
    this.#hasFailed = true;
    this.#recorder = 'dead';
    if (this.#phase !== 'aborting') this.#enter('aborting', ABORT_MS);
    this.#real.desk.broken.set('recordEvents', 1);
    this.say(told);
  }

  refuseEvents(): void {
    this.#real.desk.standing.delete('recordEvents');
    this.#recorder = 'stuck';
  }

  takeEvents(): void {
    const { desk } = this.#real;
    desk.standing.set('recordEvents', () => ({ type: 'events.recorded' }));
    this.#recorder = 'well';
    this.call('recordEvents')?.answer({ type: 'events.recorded' });
    this.#follow();
  }

  breakRecorderLater(told: DispatcherMessage): void {
    const call = this.call('recordEvents');
    this.#hasFailed = true;
    this.#recorder = 'dead';
    if (this.#isAtItsEnd) this.#end();
    else if (this.#phase !== 'aborting') this.#enter('aborting', ABORT_MS);
    this.#real.desk.broken.set('recordEvents', 1);
    this.#real.send(told);
    call?.answer({ type: 'events.recorded' });
    this.#follow();
  }

  look(): void {
    if (this.#bench === null || this.#phase === null) return;
    const { scheduler, crash } = this.#bench;
    assert.equal(crash, null);
    assert.equal(this.#bench.state, this.#phase);
    if (this.hasChildren && !this.#isAtItsEnd) {
      assert.equal(scheduler.ledger.running, this.#live, 'the ledger counts what runs');
      assert.ok(scheduler.ledger.running <= MOST_TASKS + 1);
    }
    if (this.#phase !== 'running' && this.#phase !== 'starting') assert.equal(this.call('fetchChanges'), undefined, 'no intake any more');
    if (isEnd(this.#phase)) judgeEnd(this.#bench, this.#phase, this.#kind);
  }

  place(): string {
    if (this.#bench === null) return 'nowhere';
    const { untilIdle, leaves } = this.#kind;
    if (isEnd(this.#phase)) return String(this.#phase);
    // One runner is like another: where the first of them stands is enough.
    const first = ['inspect', 'launch', 'watch', 'stop'].find((port) => this.call(port) !== undefined);
    const early = this.#phase === 'starting' ? [this.#shutdownAsked, this.#drainAsked] : [];
    const kind = this.#phase === 'starting' || this.#phase === 'running' ? [untilIdle, leaves] : [this.#hasFailed];
    const looks = this.call('fetchChanges') !== undefined;
    const isThrottled = this.#phase === 'finishing' && this.#bench.scheduler.ledger.throttles.of(LOCAL) !== null;
    return JSON.stringify([this.#phase, isThrottled, first, this.#recorder, looks, ...kind, ...early]);
  }

  conclude(): void {
    if (this.#phase === null) return;
    for (let round = 0; !isEnd(this.#phase); round += 1) {
      assert.ok(round < 60, `stuck in ${this.#phase}`);
      if (this.#phase === 'starting') this.recover(0);
      else if (this.#recorder === 'stuck' && this.call('recordEvents') !== undefined) this.takeEvents();
      else if (this.#isAtItsEnd) this.pass();
      else if (this.call('inspect') !== undefined) this.reply('vanished');
      else if (this.call('launch') !== undefined) this.reply('launched');
      else if (this.call('stop') !== undefined) this.reply('stopped');
      else if (this.call('watch') !== undefined && this.#phase !== 'aborting') this.reply('exits');
      else if (this.#phase === 'running' && !this.#kind.untilIdle) this.drain();
      else if (this.call('fetchChanges') !== undefined) this.fetch();
      else this.pass();
      this.look();
    }
  }
}
