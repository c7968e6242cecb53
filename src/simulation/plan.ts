import { z } from 'zod';

/** Kinds of faults; each strikes with a probability of its own, decided by the seed and by what it would hit. */
export const FAULT_KINDS = [
  /** The engine refuses a launch, for the moment or for good. */
  'launchRefused',
  'launchImpossible',
  /** It takes long to answer. */
  'launchSlow',
  /** It was carried out, and the answer says that it failed. */
  'launchAnswerLost',
  /** Nobody saw how a runner ended. */
  'exitLost',
  'exitLate',
  'exitDoubled',
  'runnerFails',
  'runnerForbidsRetry',
  'runnerThrottled',
  'runnerParks',
  'runnerHangs',
  'runnerIgnoresTerm',
  /** It does nothing at all, and never ends by itself. */
  'runnerStalls',
  /** One that speaks the protocol stands still for a while, as under a debugger, and goes on. */
  'runnerFallsSilent',
  /** It has reported its result, and does not end. */
  'runnerLingers',
  /** What it said arrives after its end. */
  'reportLate',
  /** The dispatcher does nothing for a while: a blocked event loop, a laptop that slept. */
  'dispatcherFreezes',
  /** The first stop leaves it alive, or fails itself. */
  'stopSurvived',
  'stopFails',
  'inspectionFails',
  /** From time to time the engine does not answer at all. */
  'engineOutage',
  'registrySlow',
  'registryRefuses',
  'slotFails',
  'slotSlow',
  /** From time to time the registry takes no events, and the journal beside it none either. */
  'eventSinkDown',
  'journalFails',
  'clockJump',
  /** At each step of a dispatcher: it is killed, and another one starts. */
  'kill',
  /** Another one takes office while it lives. */
  'rival',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

const ms = z.number().nonnegative();
const count = z.number().int().positive();
const name = z.string().min(1).max(60);
const probability = z.number().min(0).max(1);

const plannedTask = z.strictObject({
  id: name,
  /** ids of this set, or `set/id`. */
  dependencies: z.array(name),
  priority: z.number().int(),
  skill: name.nullable(),
  cpu: z.number().positive().nullable(),
  key: name.nullable(),
  optional: z.boolean(),
  group: z.boolean(),
});

const submission = z.strictObject({
  atMs: ms,
  set: name,
  maxConcurrency: count.nullable(),
  weight: z.number().positive().default(1),
  tasks: z.array(plannedTask),
});

const taskOperation = z.strictObject({
  atMs: ms,
  kind: z.enum(['cancel', 'retry', 'skip', 'setPriority']),
  task: name,
  priority: z.number().int(),
});
const poolOperation = z.strictObject({
  atMs: ms,
  kind: z.enum(['disable', 'enable', 'drainPool', 'resize']),
  pool: name,
  maxConcurrency: count,
});
const lifeOperation = z.strictObject({ atMs: ms, kind: z.enum(['shutdown', 'drain', 'kill', 'rival']) });

const pool = z.strictObject({
  name,
  max: count,
  cpu: z.number().positive().nullable(),
  skills: z.array(name),
  breaker: z.strictObject({ failures: count, cooldownMs: ms }),
  /** Pools of one account are throttled together. */
  account: name.nullable().default(null),
});

/** One run of the simulator as data: the same plan gives the same run, to the last message. Times in virtual ms. */
export const simulationPlanSchema = z.strictObject({
  seed: z.number().int(),
  settings: z.strictObject({
    pollMs: ms.min(1),
    policy: z.enum(['fifo', 'priority', 'skill-based', 'fair-share']),
    /** Starts behind a large task at the head until a pool is kept for it. */
    maxPassedOver: count.default(10),
    halfLifeMs: ms.min(1000).default(604_800_000),
    globalLimit: count,
    slots: count,
    maxAttempts: count,
    initialIntervalMs: ms,
    jitter: z.number().min(0).max(1),
    timeoutMs: ms.min(1),
    stopGraceMs: ms,
    heartbeatMs: ms.min(1),
    stallMs: ms.min(1),
    shutdownMs: ms,
    onShutdown: z.enum(['stop', 'leave']),
    keyLimits: z.record(name, count),
  }),
  pools: z.array(pool).min(1),
  submissions: z.array(submission),
  operations: z.array(z.union([taskOperation, poolOperation, lifeOperation])),
  faults: z.partialRecord(z.enum(FAULT_KINDS), probability),
  /** From then on no fault strikes any more. */
  healMs: ms,
});
export type SimulationPlan = z.output<typeof simulationPlanSchema>;
export type PlannedTask = SimulationPlan['submissions'][number]['tasks'][number];
export type PlannedOperation = SimulationPlan['operations'][number];
