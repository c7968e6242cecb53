import assert from 'node:assert/strict';
import { portError, type PortError } from '../../src/domain/failures.ts';
import type { RunnerId, TaskKey } from '../../src/domain/ids.ts';
import { err, ok } from '../../src/domain/result.ts';
import type { ExitReport, Launcher, RunnerHandle, WatchEvent } from '../../src/ports/launcher.ts';
import type { Reply } from '../../src/ports/reply.ts';
import { handleOf } from './samples.ts';
import type { VirtualClock } from '../../src/simulation/virtual-clock.ts';

/** What one attempt at one task does. Times in ms. */
export interface AttemptScript {
  /** Launches that fail before one succeeds. */
  readonly launchFailures: readonly PortError['kind'][];
  readonly runMs: number;
  readonly exitCode: number;
  readonly result: string | null;
  /** Only a kill ends it. */
  readonly ignoresTerm: boolean;
}

interface Process {
  readonly handle: RunnerHandle;
  readonly task: TaskKey;
  readonly cwd: string;
  readonly script: AttemptScript;
  exit: ExitReport | null;
  readonly watchers: Set<(event: WatchEvent) => void>;
}

const TERM_TAKES_MS = 10;

/**
 * The machine on which attempts run. It outlives dispatchers, keeps to its script, and checks at
 * every start what must hold at every instant: one live attempt a task, one a workspace.
 */
export class ScriptedEngine {
  readonly #clock: VirtualClock;
  readonly #script: (task: TaskKey, attempt: number) => AttemptScript;
  readonly #processes = new Map<RunnerId, Process>();
  readonly #launches = new Map<RunnerId, number>();
  /** Every process ever started, in order. */
  readonly started: RunnerId[] = [];
  mostAlive = 0;

  constructor(clock: VirtualClock, script: (task: TaskKey, attempt: number) => AttemptScript) {
    this.#clock = clock;
    this.#script = script;
  }

  get alive(): readonly Process[] {
    return [...this.#processes.values()].filter(({ exit }) => exit === null);
  }

  #end(process: Process, exit: Omit<ExitReport, 'at'>): void {
    if (process.exit !== null) return;
    process.exit = { ...exit, at: this.#clock.wall() };
    for (const notify of process.watchers) notify({ kind: 'exited', exit: process.exit });
  }

  #start(runnerId: RunnerId, task: TaskKey, attempt: number, cwd: string): RunnerHandle | PortError {
    const known = this.#processes.get(runnerId);
    if (known !== undefined) return known.handle;
    const script = this.#script(task, attempt);
    const tries = this.#launches.get(runnerId) ?? 0;
    this.#launches.set(runnerId, tries + 1);
    const failure = script.launchFailures[tries];
    if (failure !== undefined) return portError(failure, `launch ${tries + 1} failed`);
    for (const other of this.alive) {
      assert.notEqual(other.task, task, `${runnerId} beside ${other.handle.runnerId}: two live attempts`);
      assert.notEqual(other.cwd, cwd, `${runnerId} beside ${other.handle.runnerId}: one slot for two`);
    }
    const process: Process = { handle: handleOf(runnerId), task, cwd, script, exit: null, watchers: new Set() };
    this.#processes.set(runnerId, process);
    this.started.push(runnerId);
    this.mostAlive = Math.max(this.mostAlive, this.alive.length);
    const { runMs, exitCode, result } = script;
    this.#clock.setTimeout(() => this.#end(process, { exitCode, signal: null, result }), runMs);
    return process.handle;
  }

  /** @param later puts a reply off until after the call */
  launcher(later: (fn: () => void) => void): Launcher {
    const replied = <T>(reply: Reply<T>, value: T): void => later(() => reply(ok(value)));
    const find = (id: RunnerId): Process | undefined => this.#processes.get(id);
    return {
      type: 'local-process',
      start: ({ runnerId, task, attempt, cwd }, reply) => {
        const answer = this.#start(runnerId, task, attempt, cwd);
        later(() => reply('runnerId' in answer ? ok(answer) : err(answer)));
      },
      watch: (handle, notify) => {
        const process = find(handle.runnerId);
        assert.ok(process, `watched ${handle.runnerId} is known`);
        const tell = (event: WatchEvent): void => later(() => void (process.watchers.has(tell) && notify(event)));
        process.watchers.add(tell);
        if (process.exit !== null) tell({ kind: 'exited', exit: process.exit });
        return () => void process.watchers.delete(tell);
      },
      stop: (handle, graceMs, reply) => {
        const process = find(handle.runnerId);
        assert.ok(process, `stopped ${handle.runnerId} is known`);
        const signal = process.script.ignoresTerm || graceMs === 0 ? 'SIGKILL' : 'SIGTERM';
        const takes = process.exit === null ? (signal === 'SIGKILL' ? graceMs : TERM_TAKES_MS) : 0;
        this.#clock.setTimeout(() => {
          this.#end(process, { exitCode: null, signal, result: null });
          replied(reply, { exit: process.exit, survivors: [] });
        }, takes);
      },
      inspect: (runnerId, _runDir, reply) => {
        const process = find(runnerId);
        if (process === undefined) replied(reply, { kind: 'neverStarted' });
        else if (process.exit === null) replied(reply, { kind: 'alive', handle: process.handle });
        else replied(reply, { kind: 'exited', handle: process.handle, exit: process.exit });
      },
      forget: (runnerId) => {
        assert.notEqual(find(runnerId)?.exit, null, `${runnerId} is forgotten alive`);
        this.#processes.delete(runnerId);
      },
      activity: (_handle, reply) => replied(reply, { outputBytes: this.#clock.monotonic(), cpuMs: null }),
      list: (reply) => replied(reply, this.alive.map(({ handle }) => handle.runnerId)),
      reap: (runnerId) => assert.fail(`${runnerId} is taken for an orphan`),
      logs: (_runDir, _from, reply) => replied(reply, { chunk: new Uint8Array(), next: 0 }),
      health: (reply) => replied(reply, null),
      close: (reply) => replied(reply, null),
    };
  }
}
