import { FAULT_KINDS, type PlannedTask, type SimulationPlan } from './plan.ts';

const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, i) => i !== at);

/** A task less, and nobody waits for it any more. */
const withoutTask = (plan: SimulationPlan, set: string, id: string): SimulationPlan => ({
  ...plan,
  submissions: plan.submissions.map((submission) => ({
    ...submission,
    tasks: submission.tasks
      .filter((task) => submission.set !== set || task.id !== id)
      .map((task): PlannedTask => {
        const gone = (name: string): boolean => name === `${set}/${id}` || (submission.set === set && name === id);
        return { ...task, dependencies: task.dependencies.filter((name) => !gone(name)) };
      }),
  })),
});

function* fewerTasks(plan: SimulationPlan): Iterable<SimulationPlan> {
  const names = new Set(plan.submissions.flatMap(({ set, tasks }) => tasks.map(({ id }) => `${set}/${id}`)));
  for (const name of names) {
    const slash = name.indexOf('/');
    yield withoutTask(plan, name.slice(0, slash), name.slice(slash + 1));
  }
}

function* plainerTasks(plan: SimulationPlan): Iterable<SimulationPlan> {
  for (const [i, submission] of plan.submissions.entries()) {
    for (const [j, task] of submission.tasks.entries()) {
      const plain = { ...task, dependencies: [], priority: 0, skill: null, cpu: null, key: null, optional: false, group: false };
      if (JSON.stringify(plain) === JSON.stringify(task)) continue;
      const tasks = submission.tasks.map((other, at) => (at === j ? plain : other));
      yield { ...plan, submissions: plan.submissions.map((other, at) => (at === i ? { ...other, tasks } : other)) };
    }
  }
}

/**
 * Plans with a little less in them, the boldest steps first: whoever looks for the smallest that still
 * fails tries these, and goes on from the first that does. Luck is keyed by names, so what stays keeps its own.
 */
export function* smallerPlans(plan: SimulationPlan): Generator<SimulationPlan, void, undefined> {
  for (const kind of FAULT_KINDS) {
    if (plan.faults[kind] === undefined) continue;
    const { [kind]: _off, ...faults } = plan.faults;
    yield { ...plan, faults };
  }
  for (const [i] of plan.submissions.entries()) yield { ...plan, submissions: without(plan.submissions, i) };
  for (const [i] of plan.operations.entries()) yield { ...plan, operations: without(plan.operations, i) };
  if (plan.pools.length > 1) for (const [i] of plan.pools.entries()) yield { ...plan, pools: without(plan.pools, i) };
  yield* fewerTasks(plan);
  yield* plainerTasks(plan);
}
