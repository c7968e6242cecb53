import type { PoolName, RunnerId, TaskKey } from '../../src/domain/ids.ts';
import type { ObservedExit, Outcome } from '../../src/domain/outcome.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import type { RunnerHandle } from '../../src/ports/launcher.ts';
import type { Slot } from '../../src/ports/repo-pool.ts';
import type { Claim, SettleReport } from '../../src/ports/task-registry.ts';
import type { Telemetry } from '../../src/ports/telemetry.ts';

/** What one pool gives to all of its runners. Times in ms. */
export interface RunnerTerms {
  readonly pool: PoolName;
  /** Run-time limit for tasks that name none. */
  readonly timeoutMs: number;
  readonly stopGraceMs: number;
  /** How long its pool pauses that was throttled and was not told until when. */
  readonly throttleMs: () => number;
  readonly telemetry: Telemetry;
  /** Monotonic ms. */
  readonly now: () => number;
  /** ms since the epoch. */
  readonly wall: () => number;
}

/** Why a runner that would have gone on was stopped. */
export interface StopReason {
  readonly kind: 'interrupted' | 'cancelled' | 'timedOut' | 'lost' | 'hung' | 'stalled' | 'completed';
  readonly reason: string;
  /** Wall time of the decision: an exit before it was the runner's own. */
  readonly wallAt: number;
}

/**
 * How a runner comes to be: `fresh` from an assignment, `adopted` from an attempt that an earlier
 * dispatcher left open, `condemned` to clean up after a runner actor that broke.
 */
export type RunnerEntry =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'adopted'; readonly claim: Claim; readonly slot: Slot | null; readonly runDir: string; readonly startedAtWall: number | null }
  | { readonly kind: 'condemned'; readonly reason: string; readonly last: RunnerContext };

export interface RunnerInput {
  readonly runnerId: RunnerId;
  readonly task: ReadyTask;
  readonly terms: RunnerTerms;
  readonly entry: RunnerEntry;
}

export interface RunnerContext {
  readonly runnerId: RunnerId;
  readonly task: ReadyTask;
  readonly terms: RunnerTerms;
  readonly entry: RunnerEntry;
  readonly slot: Slot | null;
  readonly claim: Claim | null;
  readonly handle: RunnerHandle | null;
  /** Monotonic and wall ms of the launch. */
  readonly startedAt: number | null;
  readonly startedAtWall: number | null;
  /** Wall ms of the decision about its outcome. */
  readonly endedAtWall: number | null;
  readonly launchTries: number;
  readonly settleTries: number;
  readonly stop: StopReason | null;
  /** No more grace, whenever it is stopped. */
  readonly forced: boolean;
  readonly exit: ObservedExit | null;
  readonly outcome: Outcome | null;
  readonly report: SettleReport | null;
  /** Why it never got to a claim, and when to try again. */
  readonly refusal: { readonly reason: string; readonly requeueAfterMs: number | null } | null;
}

export const runnerContext = (input: RunnerInput): RunnerContext => {
  const { entry } = input;
  const blank = {
    ...input,
    slot: null,
    claim: null,
    handle: null,
    startedAt: null,
    startedAtWall: null,
    endedAtWall: null,
    launchTries: 0,
    settleTries: 0,
    stop: null,
    forced: false,
    exit: null,
    outcome: null,
    report: null,
    refusal: null,
  };
  switch (entry.kind) {
    case 'fresh':
      return blank;
    case 'adopted':
      return { ...blank, claim: entry.claim, slot: entry.slot, startedAtWall: entry.startedAtWall };
    case 'condemned':
      return {
        ...entry.last,
        entry,
        launchTries: 0,
        settleTries: 0,
        stop: { kind: 'lost', reason: entry.reason, wallAt: 0 },
        refusal: { reason: entry.reason, requeueAfterMs: entry.last.claim === null ? 1000 : null },
      };
  }
};

/** Where the attempt's files are; `null`: where every new one has them. */
export const runDirOf = ({ entry }: RunnerContext): string | null => {
  switch (entry.kind) {
    case 'fresh':
      return null;
    case 'adopted':
      return entry.runDir;
    case 'condemned':
      return runDirOf(entry.last);
  }
};

/** Inputs of the runner's port actors. */
export interface RunnerPortInputs {
  obtainSlot: { readonly runnerId: RunnerId; readonly pool: PoolName; readonly task: TaskKey; readonly attempt: number };
  claimTask: { readonly runnerId: RunnerId; readonly task: ReadyTask; readonly pool: PoolName; readonly slot: Slot };
  launch: { readonly runnerId: RunnerId; readonly pool: PoolName; readonly claim: Claim; readonly slot: Slot };
  watch: {
    readonly runnerId: RunnerId;
    readonly pool: PoolName;
    readonly handle: RunnerHandle;
    readonly claim: Claim;
    readonly slot: Slot | null;
    /** Wall ms at which its run-time limit is reached. */
    readonly limitWallAt: number;
  };
  stop: {
    readonly runnerId: RunnerId;
    readonly pool: PoolName;
    readonly handle: RunnerHandle;
    readonly claim: Claim;
    readonly graceMs: number;
  };
  inspect: {
    readonly runnerId: RunnerId;
    readonly pool: PoolName;
    readonly runDir: string | null;
    readonly claim: Claim;
    readonly slot: Slot | null;
    /** What is found alive is taken over, and not only asked after. */
    readonly adopting: boolean;
  };
  settle: { readonly runnerId: RunnerId; readonly pool: PoolName; readonly claim: Claim; readonly outcome: Outcome };
  releaseSlot: { readonly runnerId: RunnerId; readonly slot: Slot };
}
