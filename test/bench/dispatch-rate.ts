/**
 * Tasks a second through the whole dispatcher in one process, with a launcher that does nothing and slots
 * that are only names: what queue, actors and registry take. Registry in memory, and in SQLite at NORMAL in
 * its thread. 64 runners at once; the rate is counted from the first start to the last end.
 *
 * `node test/bench/dispatch-rate.ts [TASKS]`
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { registryId, slotId, specName, taskId, type RunnerId, type SlotId } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/result.ts';
import type { TaskSet } from '../../src/domain/task.ts';
import { createInbox } from '../../src/platform/inbox.ts';
import { holderOfThisProcess } from '../../src/platform/process-table.ts';
import { systemClock } from '../../src/platform/system-clock.ts';
import type { Launcher } from '../../src/ports/launcher.ts';
import type { RepoPool } from '../../src/ports/repo-pool.ts';
import type { SubmitReport, TaskRegistry } from '../../src/ports/task-registry.ts';
import { openMemoryRegistry } from '../../src/registry/memory/open-memory-registry.ts';
import { openRegistry } from '../../src/registry/open.ts';
import { ask } from '../../src/runtime/ask.ts';
import { createDispatcherActor } from '../../src/runtime/dispatcher-actor.ts';
import type { Ports } from '../../src/runtime/ports.ts';
import { definition } from '../definition.ts';
import { LOCAL, poolSettings, settings } from '../model/samples.ts';
import { scratch } from './measure.ts';

const TASKS = Number(process.argv[2] ?? 20_000);
const AT_ONCE = 64;

const idle: Launcher = {
  type: 'local-process',
  start: ({ runnerId: id, runDir }, reply) => setImmediate(() => reply(ok({ kind: 'process', runnerId: id, pid: 1, startTime: '1', bootId: 'bench', runDir }))),
  watch: (_handle, notify) => {
    setImmediate(() => notify({ kind: 'exited', exit: { exitCode: 0, signal: null, at: Date.now(), result: null } }));
    return () => {};
  },
  stop: (_handle, _grace, reply) => setImmediate(() => reply(ok({ exit: null, survivors: [] }))),
  inspect: (_id, _dir, reply) => setImmediate(() => reply(ok({ kind: 'neverStarted' }))),
  forget: () => {},
  logs: (_dir, from, reply) => setImmediate(() => reply(ok({ chunk: new Uint8Array(), next: from }))),
  activity: (_handle, reply) => setImmediate(() => reply(ok({ outputBytes: null, cpuMs: null }))),
  list: (reply) => setImmediate(() => reply(ok([]))),
  reap: (_id, reply) => setImmediate(() => reply(ok({ exit: null, survivors: [] }))),
  health: (reply) => setImmediate(() => reply(ok(null))),
  close: (reply) => setImmediate(() => reply(ok(null))),
};

const slots = (): RepoPool => {
  const free = Array.from({ length: AT_ONCE }, (_, i) => slotId(`slot-${i}`));
  const held = new Map<SlotId, RunnerId>();
  const lent = (id: SlotId) => ok({ id, path: `/nowhere/${id}`, branch: null });
  return {
    size: AT_ONCE,
    obtain: ({ runnerId: holder }, reply) => {
      const id = free.pop() ?? slotId('none');
      held.set(id, holder);
      setImmediate(() => reply(lent(id)));
    },
    reclaim: (id, _holder, reply) => setImmediate(() => reply(lent(id))),
    tidy: (reply) => setImmediate(() => reply(ok(null))),
    release: (id, _holder, reply) => {
      if (held.delete(id)) free.push(id);
      setImmediate(() => reply(ok(null)));
    },
    held: () => held,
  };
};

const set: TaskSet = {
  name: specName('bench'),
  repo: null,
  weight: 1,
  maxConcurrency: null,
  tasks: Array.from({ length: TASKS }, (_, i) => ({ ...definition(`t${i}`, { command: ['true'] }), id: taskId(`t${i}`), priority: i % 10 })),
  done: [],
};

/** Tasks a second. */
const rate = async (registry: TaskRegistry, schedulingPolicy: 'priority' | 'fair-share'): Promise<number> => {
  const clock = systemClock();
  const holder = holderOfThisProcess();
  const office = await ask<{ readonly epoch: number }>((reply) => registry.takeOffice({ holder, at: clock.wall() }, reply));
  const submission = { set, changedDone: 'keep', fresh: false, actor: 'bench', at: clock.wall() } as const;
  const submitted = await ask<SubmitReport>((reply) => registry.submit(submission, reply));
  if (!office.ok || !submitted.ok) throw new Error('the registry takes nothing');
  let [first, last, ended] = [0, 0, 0];
  const ports: Ports = {
    clock,
    entropy: { draw: () => 0.5 },
    inbox: createInbox((error) => {
      throw error;
    }),
    registry,
    repoPool: slots(),
    launchers: new Map([[LOCAL, idle]]),
    journal: { append: (_events, reply) => setImmediate(() => reply(ok(null))), read: (reply) => setImmediate(() => reply(ok([]))), clear: (reply) => setImmediate(() => reply(ok(null))) },
    reports: {
      noteSpoken: () => {},
      keepCompletion: (_id, _completion, reply) => setImmediate(() => reply(ok(null))),
      recall: (_id, reply) => setImmediate(() => reply(ok({ spoken: false, completion: null }))),
      forget: () => {},
    },
    slotChanges: { newest: (_path, reply) => setImmediate(() => reply(ok(null))) },
    telemetry: {
      tell: ({ type }) => {
        if (type === 'runnerStarted' && first === 0) first = performance.now();
        if (type !== 'runnerSettled') return;
        ended += 1;
        last = performance.now();
      },
    },
  };
  const terms = { registryId: registry.id, epoch: office.value.epoch, runsDir: '/nowhere', baseEnv: {}, url: () => null, tokenOf: () => '' };
  const chosen = settings({ schedulingPolicy, maxGlobalConcurrency: AT_ONCE, slots: AT_ONCE });
  const pools = [poolSettings({ maxConcurrency: AT_ONCE, defaultResources: { cpu: 0, memory: 0 } })];
  const actor = createDispatcherActor(ports, terms, { settings: chosen, pools, untilIdle: true });
  registry.onNews(() => ports.inbox.post(() => actor.send({ type: 'registry.changed' })));
  const finished = new Promise<void>((resolve) => void actor.subscribe({ complete: resolve }));
  actor.start();
  await finished;
  if (ended !== TASKS) throw new Error(`${ended} of ${TASKS} ended`);
  return (ended * 1000) / (last - first);
};

for (const policy of ['priority', 'fair-share'] as const) {
  const inMemory = await rate(openMemoryRegistry({ id: registryId(randomUUID()) }), policy);
  const file = await openRegistry({ path: join(scratch(), 'registry.db'), synchronous: 'normal', holder: holderOfThisProcess() });
  if (!file.ok) throw new Error(file.error.message);
  const inSqlite = await rate(file.value, policy);
  await ask<null>((reply) => file.value.close(reply));
  console.log(`${policy.padEnd(11)} registry in memory ${inMemory.toFixed(0)}/s  SQLite NORMAL ${inSqlite.toFixed(0)}/s`);
}
