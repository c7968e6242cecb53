import type { InspectionEvent } from 'xstate';
import type { StuckReport } from '../domain/deadlock.ts';
import type { Ports } from '../runtime/ports.ts';
import { Auditor } from './auditor/auditor.ts';
import { Violation } from './auditor/violation.ts';
import type { SimulationPlan } from './plan.ts';
import { patienceOf } from './settings-of-plan.ts';
import type { RegistrySource } from './simulated-registry.ts';
import { Trace } from './trace.ts';
import { World, type WorldObserver } from './world.ts';

/** Makes a registry whose every write the observer sees: the composition root knows one. */
export type OpenRegistry = (observer: Auditor) => RegistrySource;

export interface SimulationOptions {
  readonly openRegistry: OpenRegistry;
  /** Keeps the lines of the trace, to find where two runs part. */
  readonly keepTrace?: boolean;
  /** Told of everything that actors do, as `createActor`'s `inspect` is. */
  readonly inspect?: (event: InspectionEvent) => void;
  /** For tests of the alarm. */
  readonly tamper?: (ports: Ports) => Ports;
}

export interface SimulationReport {
  /** `null`: all was well. */
  readonly violation: Violation | null;
  /** 64 hexadecimal digits. */
  readonly trace: string;
  readonly lines: readonly string[];
  readonly steps: number;
  /** Messages between actors. */
  readonly messages: number;
  /** Virtual ms. */
  readonly virtualMs: number;
  readonly lives: number;
  readonly tally: Readonly<Record<string, number>>;
}

/** More than any plan needs; what goes round in circles is caught. */
const MOST_STEPS = 60_000;

const runToEnd = (world: World, auditor: Auditor, plan: SimulationPlan): void => {
  const deadline = plan.healMs + patienceOf(plan);
  while (world.finished === null) {
    if (world.steps > MOST_STEPS) auditor.noEnd(`no end after ${world.steps} steps`);
    if (world.clock.monotonic() > deadline) auditor.noEnd('no end long after every fault has healed');
    if (!world.next()) auditor.noEnd('nothing is left to happen, and no dispatcher has come to its end');
  }
  const { scheduler } = world.finished.actor.getSnapshot().context;
  const { finished } = world;
  const stuck = world.ask<StuckReport>((registry, reply) => registry.stuck({ names: Number.MAX_SAFE_INTEGER }, reply));
  auditor.atRest({
    heldSlots: finished.slots.held().size,
    reserved: scheduler.ledger.running,
    isShut: (pool) => finished.isShut(pool),
    heldUp: new Set(stuck.ok ? stuck.value.deadlocks.flatMap(({ heldUp }) => heldUp.first) : []),
  });
};

/** Runs one plan to its end, or to the first violation. */
export const simulate = (plan: SimulationPlan, options: SimulationOptions): SimulationReport => {
  const trace = new Trace(options.keepTrace ?? false, options.inspect ?? null);
  // The world tells the time; before it is there, it is the beginning.
  let world: World | null = null;
  let lives = 0;
  const auditor = new Auditor(plan, {
    now: () => world?.clock.monotonic() ?? 0,
    wall: () => world?.clock.wall() ?? 0,
    step: () => world?.steps ?? 0,
  });
  const observer: WorldObserver = traced(auditor, trace, () => (lives += 1));
  const source = options.openRegistry(auditor);
  let violation: Violation | null = null;
  try {
    world = new World({
      plan,
      source,
      observer,
      trace,
      ...(options.tamper === undefined ? {} : { tamper: options.tamper }),
    });
    runToEnd(world, auditor, plan);
  } catch (error) {
    violation = violationOf(error, auditor);
  }
  return {
    violation,
    lines: trace.lines,
    trace: trace.digest(),
    steps: world?.steps ?? 0,
    messages: trace.messages,
    virtualMs: world?.clock.monotonic() ?? 0,
    lives,
    tally: auditor.tally,
  };
};

const violationOf = (error: unknown, auditor: Auditor): Violation => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof Violation) return cause;
  try {
    return auditor.broke(error);
  } catch (broken) {
    if (broken instanceof Violation) return broken;
    throw broken;
  }
};

/** What happens outside of actors is part of the trace, too. */
const traced = (auditor: Auditor, trace: Trace, countLife: () => void): WorldObserver => ({
  processStarted: (runner, task, pool, cwd) => {
    trace.write(`process ${runner} starts in ${pool} at ${cwd}`);
    auditor.processStarted(runner, task, pool, cwd);
  },
  processEnded: (runner) => {
    trace.write(`process ${runner} ends`);
    auditor.processEnded(runner);
  },
  orphanReaped: (runner) => {
    trace.write(`orphan ${runner} is reaped`);
    auditor.orphanReaped(runner);
  },
  runnerStalls: (runner) => auditor.runnerStalls(runner),
  runnerSpoke: (runner) => auditor.runnerSpoke(runner),
  completionTaken: (runner) => {
    trace.write(`report of ${runner} is taken`);
    auditor.completionTaken(runner);
  },
  slotLent: (slot, path, holder) => {
    trace.write(`slot ${slot} to ${holder}`);
    auditor.slotLent(slot, path, holder);
  },
  slotReturned: (slot, path, holder) => {
    trace.write(`slot ${slot} from ${holder}`);
    auditor.slotReturned(slot, path, holder);
  },
  slotRefused: (task) => auditor.slotRefused(task),
  lifeBegan: (life) => {
    countLife();
    trace.write(`life ${life} begins`);
    auditor.lifeBegan(life);
  },
  lifeEnded: (life, how) => {
    trace.write(`life ${life} ${how}`);
    auditor.lifeEnded(life, how);
  },
  userActs: (what, submission) => {
    trace.write(`a person: ${what}`);
    auditor.userActs(what, submission);
  },
  userDone: () => auditor.userDone(),
  resizeAsked: (pool, max) => auditor.resizeAsked(pool, max),
  clockJumped: () => auditor.clockJumped(),
  journaled: (events) => {
    trace.write(`journal takes ${events.length}`);
    auditor.journaled(events);
  },
});
