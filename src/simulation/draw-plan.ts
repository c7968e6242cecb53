import { KeyedEntropy } from './keyed-entropy.ts';
import { FAULT_KINDS, type FaultKind, type PlannedOperation, type PlannedTask, type SimulationPlan } from './plan.ts';

export const PRESETS = ['calm', 'lite', 'swarm'] as const;
/** `calm`: no fault. `lite`: small plans, every fault. `swarm`: larger ones, random kinds of faults switched off. */
export type Preset = (typeof PRESETS)[number];

const SIZE: Readonly<Record<Preset, { readonly tasks: number; readonly operations: number; readonly span: number }>> = {
  calm: { tasks: 24, operations: 0, span: 60_000 },
  lite: { tasks: 10, operations: 4, span: 120_000 },
  swarm: { tasks: 24, operations: 10, span: 300_000 },
};

/** Probability of each kind where it is switched on; `kill` is per step of a dispatcher. */
const COMMON: Readonly<Record<FaultKind, number>> = {
  launchRefused: 0.1,
  launchImpossible: 0.03,
  launchSlow: 0.1,
  launchAnswerLost: 0.05,
  exitLost: 0.05,
  exitLate: 0.1,
  exitDoubled: 0.1,
  runnerFails: 0.2,
  runnerForbidsRetry: 0.04,
  runnerThrottled: 0.04,
  runnerParks: 0.03,
  runnerHangs: 0.05,
  runnerIgnoresTerm: 0.2,
  runnerStalls: 0.04,
  runnerFallsSilent: 0.2,
  runnerLingers: 0.15,
  reportLate: 0.2,
  dispatcherFreezes: 0.3,
  stopSurvived: 0.1,
  stopFails: 0.1,
  inspectionFails: 0.1,
  engineOutage: 0.5,
  registrySlow: 0.05,
  registryRefuses: 0.03,
  slotFails: 0.05,
  slotSlow: 0.1,
  eventSinkDown: 0.3,
  journalFails: 0.1,
  clockJump: 0.5,
  kill: 0.003,
  rival: 0.3,
};

/** `priority` is what most have. */
const POLICIES = ['fifo', 'priority', 'priority', 'skill-based', 'fair-share'] as const;
const SKILLS = ['web', 'data'] as const;
const KEYS = ['db'] as const;

/** What people and machines do in the middle; named twice, it is drawn twice as often. */
const OPERATIONS = [
  'cancel', 'retry', 'skip', 'setPriority', 'setPriority', 'disable', 'enable', 'enable', 'drainPool', 'resize', 'shutdown', 'drain', 'kill', 'rival',
] as const;

class Drawing {
  readonly #luck: KeyedEntropy;
  readonly #preset: Preset;
  constructor(seed: number, preset: Preset) {
    this.#luck = new KeyedEntropy(seed);
    this.#preset = preset;
  }

  #task(set: string, index: number): PlannedTask {
    const luck = this.#luck;
    const about = `plan|${set}/${index}`;
    const dependencies: string[] = [];
    for (let i = 0; i < index; i += 1) {
      if (luck.chance(`${about}|on ${i}`, 2 / (index + 2))) dependencies.push(`t${i}`);
    }
    if (set === 's2' && luck.chance(`${about}|foreign`, 0.1)) dependencies.push(`s1/t${luck.whole(`${about}|of s1`, 0, 9)}`);
    return {
      id: `t${index}`,
      dependencies,
      priority: luck.whole(`${about}|priority`, -2, 2),
      skill: luck.chance(`${about}|skilled`, 0.3) ? luck.pick(`${about}|skill`, SKILLS) : null,
      cpu: luck.chance(`${about}|sized`, 0.3) ? luck.whole(`${about}|cpu`, 1, 4) : null,
      key: luck.chance(`${about}|keyed`, 0.15) ? luck.pick(`${about}|key`, KEYS) : null,
      optional: luck.chance(`${about}|optional`, 0.1),
      group: dependencies.length > 0 && luck.chance(`${about}|group`, 0.1),
    };
  }

  submissions(): SimulationPlan['submissions'] {
    const luck = this.#luck;
    const { tasks, span } = SIZE[this.#preset];
    const sets = ['s1', 's2'].slice(0, luck.whole('plan|sets', 1, 2));
    return sets.flatMap((set, i) => {
      const written = Array.from({ length: luck.whole(`plan|${set}|size`, 1, tasks) }, (_, index) => this.#task(set, index));
      const maxConcurrency = luck.chance(`plan|${set}|limited`, 0.3) ? luck.whole(`plan|${set}|limit`, 1, 4) : null;
      const weight = luck.pick(`plan|${set}|weight`, [1, 1, 2, 0.5]);
      const first = { atMs: i * luck.whole(`plan|${set}|at`, 0, span / 4), set, maxConcurrency, weight, tasks: written };
      if (!luck.chance(`plan|${set}|again`, 0.3)) return [first];
      const changed = written
        .filter(({ id }) => !luck.chance(`plan|${set}/${id}|removed`, 0.1))
        .map((task) => (luck.chance(`plan|${set}/${task.id}|changed`, 0.3) ? { ...task, priority: task.priority + 1 } : task));
      const kept = new Set(changed.map(({ id }) => id));
      const again = changed.map((task) => ({ ...task, dependencies: task.dependencies.filter((id) => id.includes('/') || kept.has(id)) }));
      return [first, { ...first, atMs: first.atMs + luck.whole(`plan|${set}|again at`, 1, span), tasks: again }];
    });
  }

  operations(submissions: SimulationPlan['submissions'], pools: SimulationPlan['pools']): PlannedOperation[] {
    const luck = this.#luck;
    const { operations, span } = SIZE[this.#preset];
    const keys = submissions.flatMap(({ set, tasks }) => tasks.map(({ id }) => `${set}/${id}`));
    const count = luck.whole('plan|operations', 0, operations);
    return Array.from({ length: count }, (_, i) => this.#operation(`plan|operation ${i}`, span, keys, pools));
  }

  #operation(about: string, span: number, keys: readonly string[], pools: SimulationPlan['pools']): PlannedOperation {
    const luck = this.#luck;
    const atMs = luck.whole(`${about}|at`, 0, span);
    const kind = luck.pick(about, OPERATIONS);
    switch (kind) {
      case 'cancel':
      case 'retry':
      case 'skip':
      case 'setPriority': {
        const task = keys[luck.whole(`${about}|task`, 0, keys.length - 1)] ?? 's1/t0';
        return { atMs, kind, task, priority: luck.whole(`${about}|priority`, -3, 3) };
      }
      case 'disable':
      case 'enable':
      case 'drainPool':
      case 'resize': {
        const pool = pools[luck.whole(`${about}|pool`, 0, pools.length - 1)]?.name ?? 'local';
        return { atMs, kind, pool, maxConcurrency: luck.whole(`${about}|size`, 1, 4) };
      }
      case 'shutdown':
      case 'drain':
      case 'kill':
      case 'rival':
        return { atMs, kind };
    }
  }

  pools(): SimulationPlan['pools'] {
    const luck = this.#luck;
    const names = ['local', 'second', 'third'].slice(0, luck.whole('plan|pools', 1, 3));
    return names.map((name, i) => ({
      name,
      max: luck.whole(`plan|${name}|max`, 1, 5),
      cpu: luck.chance(`plan|${name}|quota`, 0.3) ? luck.whole(`plan|${name}|cpu`, 2, 6) : null,
      skills: SKILLS.filter((skill) => i > 0 && luck.chance(`plan|${name}|${skill}`, 0.6)),
      breaker: { failures: luck.whole(`plan|${name}|breaker`, 2, 4), cooldownMs: 10_000 },
      account: luck.chance(`plan|${name}|account`, 0.5) ? 'shared' : null,
    }));
  }

  settings(): SimulationPlan['settings'] {
    const luck = this.#luck;
    return {
      pollMs: 5000,
      policy: luck.pick('plan|policy', POLICIES),
      maxPassedOver: luck.whole('plan|passed over', 1, 4),
      halfLifeMs: luck.whole('plan|half-life', 1000, 600_000),
      globalLimit: luck.whole('plan|global', 1, 8),
      slots: luck.whole('plan|slots', 1, 8),
      maxAttempts: luck.whole('plan|attempts', 1, 4),
      initialIntervalMs: luck.whole('plan|interval', 100, 10_000),
      jitter: luck.chance('plan|jitter', 0.5) ? 0.1 : 0,
      timeoutMs: luck.whole('plan|limit', 30_000, 120_000),
      stopGraceMs: luck.whole('plan|grace', 0, 10_000),
      heartbeatMs: luck.whole('plan|heartbeat', 15_000, 60_000),
      stallMs: luck.whole('plan|stall', 20_000, 300_000),
      shutdownMs: luck.whole('plan|shutdown', 0, 60_000),
      onShutdown: luck.chance('plan|leave', 0.3) ? 'leave' : 'stop',
      keyLimits: luck.chance('plan|keys', 0.5) ? { db: 2 } : {},
    };
  }

  faults(): SimulationPlan['faults'] {
    const luck = this.#luck;
    if (this.#preset === 'calm') return {};
    const on = this.#preset === 'swarm' ? luck.draw('plan|mask') : 1;
    return Object.fromEntries(
      FAULT_KINDS.filter((kind) => luck.chance(`plan|mask|${kind}`, on)).map((kind) => [kind, COMMON[kind]]),
    );
  }
}

/** A plan out of a seed: the same for the same seed and preset. */
export const drawPlan = (seed: number, preset: Preset): SimulationPlan => {
  const drawing = new Drawing(seed, preset);
  const pools = drawing.pools();
  const submissions = drawing.submissions();
  return {
    seed,
    settings: drawing.settings(),
    pools,
    submissions,
    operations: drawing.operations(submissions, pools),
    faults: drawing.faults(),
    healMs: SIZE[preset].span,
  };
};
