import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { specName, taskId, taskKey, type TaskKey } from '../../src/domain/ids.ts';
import { isTerminal, type TaskDefinition, type TaskView } from '../../src/domain/task.ts';
import type { TaskOperation } from '../../src/ports/task-registry.ts';
import { definition } from '../definition.ts';
import { DispatcherWorld, type Incarnation } from './dispatcher-world.ts';
import { LOCAL } from './samples.ts';
import { failOnWarnings } from './watch-warnings.ts';

failOnWarnings();

const SPEC = specName('app');
const SIZE = 24;
const LIMITS = { maxGlobalConcurrency: 5, slots: 5 };
const key = (n: number): TaskKey => taskKey(SPEC, taskId(`t${n}`));

/** As long as a timer reaches: nothing of it ends by itself, or by its time limit. */
const FOR_EVER_MS = 2_147_483_647;

/** Every third task is a group; each waits for up to two before it. */
const tasks: readonly TaskDefinition[] = Array.from({ length: SIZE }, (_, n) =>
  definition(`t${n}`, {
    group: n % 3 === 2,
    dependencies: n < 4 ? [] : [key(n - 4), ...(n % 2 === 0 ? [key(n - 3)] : [])],
    timeoutMs: FOR_EVER_MS,
  }),
);

interface Deed {
  readonly steps: number;
  readonly task: number;
  readonly operation: TaskOperation;
  /** The dispatcher is killed right behind it, before it can be told. */
  readonly killed: boolean;
}

const operation = fc.oneof<fc.Arbitrary<TaskOperation>[]>(
  fc.record({ kind: fc.constantFrom('cancel', 'cancel', 'retry', 'skip'), reason: fc.constant(null) }),
  fc.record({ kind: fc.constant('setPriority' as const), priority: fc.integer({ min: -2, max: 2 }) }),
  fc.record({ kind: fc.constant('dropDependency' as const), dependency: fc.nat(SIZE - 1).map(key) }),
);
const deeds = fc.array(
  fc.record<Deed>({
    steps: fc.integer({ min: 0, max: 60 }),
    task: fc.nat(SIZE - 1),
    operation,
    killed: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 5, maxLength: 40 },
);

/** As the API does it: the registry first, then the dispatcher is told whose runner to stop. */
const operate = (world: DispatcherWorld, { actor, ports }: Incarnation, task: TaskKey, wish: TaskOperation): void => {
  ports.registry.operate({ key: task, operation: wish, actor: 'cli:ann', at: world.clock.wall() }, (report) => {
    if (report.ok && report.value.stopping) actor.send({ type: 'task.cancel', key: task, reason: 'by hand' });
  });
};

const unfinished = (world: DispatcherWorld): readonly TaskView[] =>
  [...world.tasks().values()].filter(({ state }) => !isTerminal(state));

/** Asking twice would hide that the first time was forgotten. */
const isWished = ({ state, reason }: TaskView): boolean => state === 'running' && reason !== null;

describe('a person at the running dispatcher', () => {
  it('may do anything at any moment, and be killed with it: all that runs is stopped, nothing is lost or run twice', () => {
    fc.assert(
      fc.property(deeds, (list) => {
        const world = new DispatcherWorld(() => ({ launchFailures: [], runMs: FOR_EVER_MS, exitCode: 0, result: null, ignoresTerm: false }));
        world.submit({ name: SPEC, repo: null, weight: 1, maxConcurrency: null, done: [], tasks });
        let life = world.live({ settings: LIMITS });
        for (const deed of list) {
          world.runSteps(deed.steps);
          operate(world, life, key(deed.task), deed.operation);
          if (!deed.killed) continue;
          life.kill();
          life = world.live({ settings: LIMITS });
        }
        // Whatever is left ends only because a person says so: from whichever state its runner is in.
        while (unfinished(world).length > 0) {
          for (const task of unfinished(world)) if (!isWished(task)) operate(world, life, task.key, { kind: 'cancel', reason: null });
          world.runUntil(() => [...world.tasks().values()].every(({ state }) => state !== 'running'), 'runners to be stopped');
        }
        life.actor.send({ type: 'drain.request', actor: 'cli:ann' });
        world.runToEnd(life);
        const { ledger } = life.actor.getSnapshot().context.scheduler;
        assert.deepEqual([ledger.running, ledger.use(LOCAL).running, life.ports.repoPool.held().size], [0, 0, 0]);
        assert.deepEqual(world.engine.alive, []);
        assert.equal(new Set(world.engine.started).size, world.engine.started.length, 'no attempt is started twice');
        assert.ok(world.engine.mostAlive <= LIMITS.slots);
        for (const { key: name, state, attempts } of world.tasks().values()) {
          const task = tasks.find(({ id }) => taskKey(SPEC, id) === name);
          if (task?.group === true) assert.equal(attempts, 0, `the group ${name} ran`);
          else assert.notEqual(state, 'done', `${name} never ends by itself`);
        }
        const seqs = world.events().map(({ seq }) => seq);
        assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
      }),
      // A run that goes wrong goes on for years of virtual time: shrinking it would take real hours.
      { numRuns: 60, endOnFailure: true },
    );
  });
});
