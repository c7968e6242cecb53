import type { PoolName, RunnerId, SlotId, SpecName, TaskId } from './ids.ts';

export const EVENT_TYPES = [
  'TaskSetSubmitted',
  'TaskSubmitted',
  'TaskReplaced',
  'TaskReady',
  'TaskBlocked',
  'TaskAssigned',
  'RunnerStarted',
  'RunnerCompleted',
  'RunnerFailed',
  'RunnerTimedOut',
  'RunnerLost',
  'RunnerCancelled',
  'RunnerAdopted',
  'RunnerStopping',
  'RunnerSurvived',
  'RunnerStalling',
  'ReportRefused',
  'ArtifactReported',
  'OrphanReaped',
  'TaskRetryScheduled',
  'TaskParked',
  'TaskCompleted',
  'TaskFailed',
  'TaskCancelled',
  'TaskSkipped',
  'TaskCancelRequested',
  'TaskRetryRequested',
  'DependencyDropped',
  'TaskUnplaceable',
  'PriorityChanged',
  'SlotFailed',
  'LaunchFailed',
  'ImagePulling',
  'ImagePulled',
  'PoolEnabled',
  'PoolDisabled',
  'PoolDraining',
  'PoolTripped',
  'PoolRecovered',
  'PoolResized',
  'PoolThrottled',
  'PoolUnthrottled',
  'ConfigurationReloaded',
  'DeadlockDetected',
  'DeadlockResolved',
  'EventsDropped',
  'DispatcherStarted',
  'DispatcherDraining',
  'DispatcherStopping',
  'DispatcherStopped',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** An event before the registry has numbered it. */
export interface EventDraft {
  readonly type: EventType;
  /** ms since the epoch. */
  readonly at: number;
  /** Who did it: `dispatcher`, `runner:<id>`, `cli:<user>`, `api`. */
  readonly actor: string;
  readonly spec: SpecName | null;
  readonly taskId: TaskId | null;
  readonly attempt: number | null;
  readonly runnerId: RunnerId | null;
  readonly slotId: SlotId | null;
  readonly pool: PoolName | null;
  readonly durationMs: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** `seq` starts at 1 and has no gaps: it is given inside the transaction that stores the event. */
export interface DispatcherEvent extends EventDraft {
  readonly seq: number;
}

const BLANK = {
  spec: null,
  taskId: null,
  attempt: null,
  runnerId: null,
  slotId: null,
  pool: null,
  durationMs: null,
  details: {},
} as const;

/** An event with everything that was not said left empty. */
export const event = (
  type: EventType,
  at: number,
  actor: string,
  rest: Partial<Omit<EventDraft, 'type' | 'at' | 'actor'>> = {},
): EventDraft => ({ ...BLANK, type, at, actor, ...rest });
