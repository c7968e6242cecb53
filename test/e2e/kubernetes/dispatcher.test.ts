import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { Command } from '../command.ts';
import { repositoryRoot } from '../project.ts';
import { eventually } from '../../conformance/launcher/fixture.ts';
import { makeNamespace, prepared, type TestNamespace } from './cluster.ts';

let made: TestNamespace | null = null;
before(async () => {
  made = await makeNamespace();
});
after(() => made?.remove());

const taskSchema = z.object({
  id: z.string(),
  state: z.string(),
  attempts: z.number(),
  reason: z.string().nullable(),
});
const podSchema = z.object({
  status: z.object({ phase: z.string().default('') }),
  spec: z.object({ containers: z.array(z.object({ resources: z.object({ limits: z.record(z.string(), z.string()).optional() }) })) }),
});
const eventSchema = z.object({ type: z.string(), task_id: z.string().nullable() });

type Task = { readonly id: string; readonly command: readonly string[] } & Readonly<Record<string, unknown>>;

/** A folder with a configuration of one kubernetes pool, and the command line run in it. */
class Project {
  readonly folder: string;
  readonly namespace: TestNamespace;

  constructor(folder: string, namespace: TestNamespace) {
    this.folder = folder;
    this.namespace = namespace;
  }

  begin(...args: readonly string[]): Command {
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.folder, XDG_STATE_HOME: join(this.folder, 'xdg') };
    return new Command(process.execPath, [join(repositoryRoot, 'src/cli/bin.js'), ...args], { cwd: this.folder, env });
  }

  async plan(tasks: readonly Task[]): Promise<string> {
    const path = join(this.folder, 'plan.yaml');
    await writeFile(path, JSON.stringify({ name: 'set', tasks }));
    return path;
  }

  async tasks(): Promise<readonly z.infer<typeof taskSchema>[]> {
    const { stdout } = await this.begin('tasks', '--json').ended;
    return z.array(taskSchema).parse(JSON.parse(stdout));
  }

  async events(): Promise<readonly z.infer<typeof eventSchema>[]> {
    const { stdout } = await this.begin('events', '--json').ended;
    return stdout.split('\n').filter((line) => line !== '').map((line) => eventSchema.parse(JSON.parse(line)));
  }

  async log(id: string): Promise<string> {
    return (await this.begin('logs', `set/${id}`).ended).stdout;
  }
}

const inProject = (pool: Readonly<Record<string, unknown>>, body: (project: Project) => Promise<void>) => async () => {
  const namespace = made;
  assert.ok(namespace);
  const folder = await mkdtemp(join(tmpdir(), 'kubernetes-e2e-'));
  const { kubeconfig, image, pullPolicy } = prepared;
  const { config = {}, ...keys } = pool;
  const configuration = {
    dispatcher: { stop_grace: '2s', retry: { max_attempts: 2, initial_interval: '100ms' } },
    registry: { path: './.dispatcher/registry.db' },
    server: { port: 0 },
    agent_pools: {
      k8s: {
        type: 'kubernetes',
        max_concurrency: 10,
        ...keys,
        config: { kubeconfig, image, pull_policy: pullPolicy, namespace: namespace.name, ...(config as object) },
      },
    },
    skill_mapping: { default: ['k8s'] },
  };
  try {
    await writeFile(join(folder, 'dispatcher.yaml'), JSON.stringify(configuration));
    await body(new Project(folder, namespace));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const sh = (script: string): readonly string[] => ['sh', '-c', script];

const nothingLeft = (project: Project): Promise<void> =>
  eventually('no Job and no pod is left', async () => {
    return (await project.namespace.list('jobs')).length === 0 && (await project.namespace.list('pods')).length === 0;
  });

describe('a kubernetes pool', () => {
  it('runs 40 Jobs at 10 at a time without a lost log', inProject({}, async (project) => {
    const say = 'i=0; while [ $i -lt 50 ]; do echo "$TASK_ID $i"; i=$((i + 1)); done';
    const tasks = Array.from({ length: 40 }, (_, i) => ({ id: `t${i}`, command: sh(say) }));
    const run = project.begin('run', await project.plan(tasks));
    assert.equal((await run.ended).code, 0, run.said);
    for (const { id } of tasks) {
      const expected = Array.from({ length: 50 }, (_, i) => `${id} ${i}\n`).join('');
      assert.equal(await readFile(join(project.folder, '.dispatcher', 'runs', await runDirOf(project, id), 'output.log'), 'utf8'), expected);
    }
    assert.equal(await project.log('t7'), Array.from({ length: 50 }, (_, i) => `t7 ${i}\n`).join(''));
    await nothingLeft(project);
  }));

  it('keeps its quota as the cluster sees it, and sets the limits', inProject({ cpu_quota: 2, memory_quota: 512 }, async (project) => {
    const tasks = Array.from({ length: 8 }, (_, i) => ({ id: `t${i}`, command: sh('sleep 2'), resources: { cpu: 0.5, memory: 32 } }));
    const run = project.begin('run', await project.plan(tasks));
    let most = 0;
    const ended = run.ended.then(() => true);
    while (!(await Promise.race([ended, project.namespace.list('pods').then(() => false)]))) {
      const pods = (await project.namespace.list('pods')).map((pod) => podSchema.parse(pod));
      const live = pods.filter(({ status: { phase } }) => phase === 'Running' || phase === 'Pending');
      most = Math.max(most, live.length);
      for (const { spec } of pods) assert.deepEqual(spec.containers[0]?.resources.limits, { cpu: '500m', memory: '32Mi' });
    }
    assert.equal((await run.ended).code, 0, run.said);
    assert.ok(most >= 1 && most <= 4, `${most} at once`);
  }));

  it('kill -9 with three alive, one of which ends meanwhile: each finishes once, with its code and its whole log', inProject({}, async (project) => {
    const gate = 'echo begun; sleep "$1"; echo ended; exit "$2"';
    const file = await project.plan([
      { id: 'meanwhile', command: ['sh', '-c', gate, 'sh', '3', '0'], retry: { max_attempts: 1 } },
      { id: 'later', command: ['sh', '-c', gate, 'sh', '40', '0'], retry: { max_attempts: 1 } },
      { id: 'fails', command: ['sh', '-c', gate, 'sh', '40', '7'], retry: { max_attempts: 1 } },
    ]);
    const first = project.begin('run', file);
    await eventually('all three run', async () => {
      const pods = (await project.namespace.list('pods')).map((pod) => podSchema.parse(pod));
      return pods.filter(({ status }) => status.phase === 'Running').length === 3;
    });
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    await eventually('one ends', async () => {
      const pods = (await project.namespace.list('pods')).map((pod) => podSchema.parse(pod));
      return pods.some(({ status }) => status.phase === 'Succeeded');
    });
    const second = project.begin('run', file);
    assert.equal((await second.ended).code, 1, second.said);
    const states = new Map((await project.tasks()).map((task) => [task.id, task]));
    assert.deepEqual(['meanwhile', 'later', 'fails'].map((id) => [states.get(id)?.state, states.get(id)?.attempts]), [['done', 1], ['done', 1], ['failed', 1]]);
    assert.match(states.get('fails')?.reason ?? '', /exit code 7/);
    for (const id of states.keys()) assert.equal(await project.log(id), 'begun\nended\n', id);
    // One that ran before its start was written down is only told of as adopted.
    assert.equal((await project.events()).filter(({ type }) => type === 'TaskAssigned').length, 3);
    await nothingLeft(project);
  }));

  it('says in `tasks` and `task show` why a start failed', inProject({ config: { secret_env: { TOKEN: 'absent/token' } } }, async (project) => {
    const run = project.begin('run', await project.plan([{ id: 'a', command: ['true'] }]));
    assert.equal((await run.ended).code, 1, run.said);
    const reason = 'launch_failed: CreateContainerConfigError: secret "absent" not found';
    assert.deepEqual((await project.tasks()).map((task) => [task.state, task.attempts, task.reason]), [['failed', 1, reason]]);
    assert.ok((await project.begin('task', 'show', 'set/a').ended).stdout.includes(reason));
  }));
});

const runDirOf = async (project: Project, id: string): Promise<string> => {
  const { stdout } = await project.begin('task', 'show', `set/${id}`, '--json').ended;
  const shown = z.object({ attempt_history: z.array(z.object({ run_dir: z.string() })) }).parse(JSON.parse(stdout));
  return shown.attempt_history.at(-1)?.run_dir.split('/').at(-1) ?? '';
};
