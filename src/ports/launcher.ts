import type { EngineSettings, PoolType } from '../domain/engine-settings.ts';
import type { ExitStatus } from '../domain/outcome.ts';
import type { PoolName, RunnerId, TaskKey } from '../domain/ids.ts';
import type { Resources } from '../domain/task.ts';
import type { Reply } from './reply.ts';

/** Everything needed to start one attempt. The runner id makes a second start impossible. */
export interface LaunchIntent {
  readonly runnerId: RunnerId;
  readonly task: TaskKey;
  readonly attempt: number;
  readonly pool: PoolName;
  /** Of its pool; of the launcher's own type. */
  readonly engine: EngineSettings;
  /** What the attempt may use, where the engine can see to it; 0: no limit. */
  readonly resources: Resources;
  /** Longest run time, for engines that end it by themselves should nobody else be there to. */
  readonly timeoutMs: number;
  /** argv, at least one element; never read by a shell. */
  readonly command: readonly string[];
  /** The whole environment, not an addition to one; its paths, and those in command and context, are the runner's. */
  readonly env: Readonly<Record<string, string>>;
  /** The slot on this machine: the working directory, or what a container has in its place. */
  readonly cwd: string;
  /** Absolute folder of this attempt: context, output, result. Made by the launcher. */
  readonly runDir: string;
  /** What goes into `context.json` of the run directory. */
  readonly context: string;
}

/** How to find a started runner again, after any restart. Stored as JSON in its attempt. */
export interface ProcessHandle {
  readonly kind: 'process';
  readonly runnerId: RunnerId;
  readonly pid: number;
  /** Start time in clock ticks since boot, `/proc/<pid>/stat` field 22: a pid alone may be another's. */
  readonly startTime: string;
  readonly bootId: string;
  readonly runDir: string;
}
export interface ContainerHandle {
  readonly kind: 'container';
  readonly runnerId: RunnerId;
  readonly containerId: string;
  readonly name: string;
  readonly runDir: string;
}

export interface JobHandle {
  readonly kind: 'job';
  readonly runnerId: RunnerId;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly runDir: string;
}

export type RunnerHandle = ProcessHandle | ContainerHandle | JobHandle;

/** The end of a runner, with what it left behind. */
export interface ExitReport extends ExitStatus {
  /** ms since the epoch. */
  readonly at: number;
  /** Contents of `result.json`, at most 1 MiB; `null` when there is none. */
  readonly result: string | null;
}

/** What may be said of a runner by looking for it. */
export type Inspection =
  | { readonly kind: 'alive'; readonly handle: RunnerHandle }
  | { readonly kind: 'exited'; readonly handle: RunnerHandle | null; readonly exit: ExitReport }
  /** It ran, it is proven dead, and nobody saw how it ended. */
  | { readonly kind: 'vanished'; readonly reason: string }
  /** No trace: the start was never carried out, and never will be. */
  | { readonly kind: 'neverStarted' };

export type WatchEvent =
  | { readonly kind: 'exited'; readonly exit: ExitReport }
  | { readonly kind: 'vanished'; readonly reason: string }
  | { readonly kind: 'engineSilent'; readonly reason: string }
  | { readonly kind: 'engineAnswers' };

export interface StopReport {
  /** How it ended, if anybody saw it. */
  readonly exit: ExitReport | null;
  /** pids (or names) that outlived every attempt to kill them; empty in normal life. */
  readonly survivors: readonly string[];
}

/** Signs of work; each only grows. `null`: this engine cannot say. */
export interface Activity {
  /** Bytes of output so far. */
  readonly outputBytes: number | null;
  /** Processor time of the whole tree so far, in ms. */
  readonly cpuMs: number | null;
}

/** Runs attempts on one kind of engine. Calls for one runner are made in order, by one actor. */
export interface Launcher {
  readonly type: PoolType;
  /**
   * Starts, or, where this runner id was started before, returns the handle of what runs already.
   * `permanent`: this command cannot be started (not found, not executable); `transient`: perhaps later.
   */
  start(intent: LaunchIntent, reply: Reply<RunnerHandle>): void;
  /** Tells of the end exactly once, also of one that came before the call. Returns how to stop watching. */
  watch(handle: RunnerHandle, notify: (event: WatchEvent) => void): () => void;
  /** Terminates the whole tree, after `graceMs` kills it, and replies when it is proven dead. */
  stop(handle: RunnerHandle, graceMs: number, reply: Reply<StopReport>): void;
  /** Looks for a runner of an earlier dispatcher; waits until the answer can no longer change. */
  inspect(runnerId: RunnerId, runDir: string, reply: Reply<Inspection>): void;
  /** Forgets a runner whose outcome is stored, and frees what the engine keeps of it. */
  forget(runnerId: RunnerId): void;
  /**
   * Output from byte `from` on; both streams in the order in which they were written. A negative `from`
   * counts from the end: -1000 gives the last 1000 bytes, or all where there are fewer.
   */
  logs(runDir: string, from: number, reply: Reply<{ readonly chunk: Uint8Array; readonly next: number }>): void;
  /** What shows that it works, at a cost that may be paid for every runner twice a minute. Fails while the engine is silent. */
  activity(handle: RunnerHandle, reply: Reply<Activity>): void;
  /**
   * Every runner of this registry of which something is alive on this engine, whoever started it; for the
   * sweep for orphans. Fails while the engine is silent or may yet start something for an earlier dispatcher.
   */
  list(reply: Reply<readonly RunnerId[]>): void;
  /** Kills at once what is alive of a runner that no open attempt owns, and replies when it is proven dead. */
  reap(runnerId: RunnerId, reply: Reply<StopReport>): void;
  health(reply: Reply<null>): void;
  /** Lets go of the engine; what runs goes on running. */
  close(reply: Reply<null>): void;
}
