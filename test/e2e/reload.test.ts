import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject } from './project.ts';
import { until } from './until.ts';

const pools = (named: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => ({ rest: { agent_pools: named } });
const LOCAL = { type: 'local-process', max_concurrency: 1 };
const BEFORE = pools({ local: LOCAL });
const AFTER = { dispatcher: { max_global_concurrency: 4 }, ...pools({ local: { ...LOCAL, max_concurrency: 2 }, second: LOCAL }) };

describe('a configuration that is read again', { concurrency: 2 }, () => {
  test('by SIGHUP and by command: pools come, change and go, and what runs goes on', inProject(BEFORE, async (project) => {
    const dispatcher = project.begin('start');
    const { url } = await project.endpoint(dispatcher);
    // Before it works it takes no other configuration.
    await until('it works', async () => (await fetch(`${url}/readyz`)).ok);
    const names = async () =>
      (JSON.parse((await project.expect(0, 'pools', '--json')).stdout) as readonly { name: string; max_concurrency: number }[]).map(
        ({ name, max_concurrency: most }) => `${name} ${most}`,
      );
    await project.configure(AFTER);
    dispatcher.signal('SIGHUP');
    await until('a reload', () => project.watch().has('ConfigurationReloaded'));
    assert.deepEqual(await names(), ['local 2', 'second 1']);
    const plan = await project.plan('p', ['a', 'b', 'c'].map((id) => ({ id, command: ['sh', '-c', 'until [ -e "$0/go" ]; do sleep 0.05; done', project.root] })));
    await project.expect(0, 'submit', plan);
    await until('three to run', async () => (await project.watch().count('RunnerStarted')) === 3);
    await project.configure(BEFORE);
    const reloaded = await project.expect(0, 'reload');
    assert.match(reloaded.stdout, /pool second removed; pool local: max_concurrency changed; max_global_concurrency, skill_mapping changed/);
    assert.deepEqual(await names(), ['local 1', 'second 1'], 'it goes when it is empty');
    await project.write('go', '');
    await until('all to end', async () => (await project.watch().count('TaskCompleted')) === 3);
    await until('the pool to go', async () => (await names()).length === 1);
    const events = (await project.events()).filter(({ type }) => type === 'ConfigurationReloaded');
    assert.deepEqual(events.map(({ actor }) => actor.split(':')[0]), ['signal', 'cli']);
    dispatcher.signal('SIGTERM');
    await dispatcher.end();
  }));

  test('an invalid one changes nothing, and what needs a restart is named', inProject(BEFORE, async (project) => {
    const dispatcher = project.begin('start');
    const { url, token } = await project.endpoint(dispatcher);
    await until('it works', async () => (await fetch(`${url}/readyz`)).ok);
    const reload = () => fetch(`${url}/api/v1/reload`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    await project.configure(pools({ local: { ...LOCAL, max_concurrency: 'many' } }));
    const refused = await reload();
    assert.equal(refused.status, 422);
    assert.match(((await refused.json()) as { detail: string }).detail, /max_concurrency/);
    assert.equal(await project.watch().has('ConfigurationReloaded'), false);
    await project.configure({ rest: { ...BEFORE.rest, repo_pool: { type: 'directory', base_dir: './slots', slots: 3 } } });
    const report = (await (await reload()).json()) as { needs_restart: readonly string[]; changed: unknown };
    assert.deepEqual([report.needs_restart, report.changed], [['repo_pool'], {}]);
    dispatcher.signal('SIGTERM');
    await dispatcher.end();
  }));
});
