import type { Deadlock, DependencyDeadlock, HeldUp, StuckReport, WaitingShape } from '../domain/deadlock.ts';
import { parseTaskKey, type TaskKey } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Never } from './placement.ts';
import type { Scheduler } from './scheduler.ts';

/** As a shell takes it for one word. */
const word = (text: string): string => (/^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);

const command = (...words: readonly string[]): string => ['dispatcher', ...words.map(word)].join(' ');

const sum = ({ count, isExact }: HeldUp): string => `${isExact ? '' : 'at least '}${count} ${count === 1 ? 'task' : 'tasks'}`;

const CAUSES = { failed: 'failed', cancelled: 'was cancelled', missing: 'does not exist' } as const;

const dependencyText = ({ kind, path, heldUp }: DependencyDeadlock): string => {
  const [root] = path;
  if (kind !== 'cycle') return `${root} ${CAUSES[kind]}, and ${sum(heldUp)} ${heldUp.count === 1 ? 'waits' : 'wait'} for it`;
  if (path.length === 2) return `${root} waits for itself; ${sum(heldUp)} held up`;
  return `tasks wait for each other: ${path.join(' → ')}; ${sum(heldUp)} held up`;
};

const dependencyMends = ({ kind, path, heldUp }: DependencyDeadlock): readonly string[] => {
  const [root, next] = path;
  switch (kind) {
    case 'cycle':
      return [command('task', 'drop-dependency', root, next ?? root), command('task', 'skip', root), command('task', 'cancel', root)];
    case 'failed':
    case 'cancelled':
      return [command('task', 'retry', root), command('task', 'skip', root)];
    case 'missing':
      // One for each that names it: they are the first of those held up.
      return heldUp.first.slice(0, 1).map((waiting) => command('task', 'drop-dependency', waiting, root));
  }
};

const ofDependencies = (found: DependencyDeadlock): Deadlock => ({
  kind: found.kind,
  name: `${found.kind} ${found.path.join(' ')}`,
  path: found.path,
  heldUp: found.heldUp,
  text: dependencyText(found),
  mends: dependencyMends(found),
});

const NO_TASK = '' as TaskKey;

/** Any task of that shape: the scheduler looks at nothing else to say that no pool can ever take it. */
const sampleOf = ({ requiredSkill, cpu, memory, heldUp }: WaitingShape): ReadyTask => {
  const key = heldUp.first[0] ?? NO_TASK;
  return {
    key,
    spec: (parseTaskKey(key)?.spec ?? '') as ReadyTask['spec'],
    requiredSkill,
    priority: 0,
    position: 0,
    cpu,
    memory,
    concurrencyKey: null,
    specMaxConcurrency: null,
    specWeight: 1,
    fence: 0,
    notBefore: null,
    readyAt: 0,
  };
};

type Pools = Pick<Scheduler, 'never' | 'candidatesOf'>;

const placementMends = (never: Never, shape: WaitingShape, pools: Pools): readonly string[] => {
  const first = shape.heldUp.first.slice(0, 1).map((key) => command('task', 'skip', key));
  if (never.code !== 'pools_disabled') return first;
  return [...pools.candidatesOf(shape).map((pool) => command('pools', 'enable', pool)), ...first];
};

const HINTS: Readonly<Record<Never['code'], string>> = {
  no_pool_for_skill: 'name one under skill_mapping, or in the skills of a pool',
  unplaceable: 'raise a quota, or ask for less',
  pools_disabled: 'enable one',
};

const ofPlacement = (shape: WaitingShape, never: Never, pools: Pools): Deadlock => ({
  kind: never.code,
  name: `${never.code} ${never.reason}`,
  path: [],
  heldUp: shape.heldUp,
  text: `${sum(shape.heldUp)} can never start: ${never.reason}; ${HINTS[never.code]}`,
  mends: placementMends(never, shape, pools),
});

/** Shapes that are refused for the same reason (sizes may differ) as one. */
const merged = (one: WaitingShape, other: WaitingShape | undefined): WaitingShape => {
  if (other === undefined) return one;
  const count = one.heldUp.count + other.heldUp.count;
  // As many names as the longer list had: that was the limit, or all there are.
  const most = one.heldUp.first.length === one.heldUp.count && other.heldUp.first.length === other.heldUp.count
    ? count
    : Math.max(one.heldUp.first.length, other.heldUp.first.length);
  return { ...other, heldUp: { count, isExact: true, first: [...other.heldUp.first, ...one.heldUp.first].slice(0, most) } };
};

/**
 * Everything that keeps tasks from ever starting (R13): what the registry found among dependencies, and
 * what no pool can take as things are.
 *
 * @param pools the scheduler of the live dispatcher or, while none runs, one that knows the configuration
 */
export const deadlocksOf = (report: Pick<StuckReport, 'deadlocks' | 'shapes'>, pools: Pools): readonly Deadlock[] => {
  const refused = new Map<string, { readonly never: Never; readonly shape: WaitingShape }>();
  for (const shape of report.shapes) {
    const never = pools.never(sampleOf(shape));
    if (never === null) continue;
    const name = `${never.code} ${never.reason}`;
    refused.set(name, { never, shape: merged(shape, refused.get(name)?.shape) });
  }
  const found = report.deadlocks.filter(({ heldUp }) => heldUp.count > 0).map(ofDependencies);
  return [...found, ...[...refused.values()].map(({ never, shape }) => ofPlacement(shape, never, pools))];
};
