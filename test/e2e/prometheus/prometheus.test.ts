import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { familiesOf } from '../metric-names.ts';
import { inProject, repositoryRoot, type Project } from '../project.ts';
import { until } from '../until.ts';

const config = (...names: readonly string[]): string => join(repositoryRoot, 'config/prometheus', ...names);

const promtool = async (project: Project, ...args: readonly string[]): Promise<void> => {
  const { code, stdout, stderr } = await project.spawn('promtool', args).end();
  assert.equal(code, 0, `promtool ${args.join(' ')}\n${stdout}${stderr}`);
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

interface Answer {
  readonly status: string;
  readonly data: { readonly result: readonly unknown[] };
}

/** A Prometheus of its own that scrapes this dispatcher four times a second. */
const prometheus = async (project: Project, target: string): Promise<(query: string) => Promise<readonly unknown[]>> => {
  const port = await freePort();
  await project.write('prometheus.yaml', JSON.stringify({
    global: { scrape_interval: '250ms', evaluation_interval: '250ms' },
    rule_files: [config('alerts.yaml')],
    scrape_configs: [{ job_name: 'dispatcher', static_configs: [{ targets: [target] }] }],
  }));
  const server = project.spawn('prometheus', [
    '--config.file=prometheus.yaml',
    '--storage.tsdb.path=prometheus-data',
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true, () => server.stderr);
  return async (query) => {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
    const answer = (await response.json()) as Answer;
    assert.equal(answer.status, 'success', JSON.stringify(answer));
    return answer.data.result;
  };
};

describe('Prometheus', () => {
  test('finds no fault with the alerts, which fire when they should', inProject({}, async (project) => {
    await promtool(project, 'check', 'config', config('prometheus.yaml'));
    await promtool(project, 'check', 'rules', config('alerts.yaml'));
    await promtool(project, 'test', 'rules', join(import.meta.dirname, 'alerts.test.yaml'));
  }));

  test('finds no fault with the metrics, scrapes them, and answers a query for every one', inProject({
    rest: { agent_pools: { local: { type: 'local-process', max_concurrency: 3, cpu_quota: 4, memory_quota: 64 } } },
  }, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    const file = await project.plan('p', [{ id: 'a', command: ['true'] }, { id: 'b', command: ['false'] }]);
    await project.expect(0, 'submit', file);
    const scrape = await (await fetch(`${url}/metrics`)).text();
    await project.write('scrape.txt', scrape);
    const checked = await project.spawn('sh', ['-c', 'promtool check metrics < scrape.txt']).end();
    assert.deepEqual([checked.code, checked.stdout, checked.stderr], [0, '', '']);

    const ask = await prometheus(project, new URL(url).host);
    await until('it has scraped', async () => (await ask('up{job="dispatcher"} == 1')).length === 1);
    const families = familiesOf(scrape);
    const histograms = new Set([...scrape.matchAll(/^# TYPE (\S+) histogram$/gm)].map(([, name]) => name));
    for (const name of families) {
      const query = histograms.has(name) ? `${name}_bucket` : name;
      assert.notEqual((await ask(query)).length, 0, query);
    }
    await until('it has seen what happened', async () => (await ask('dispatcher_tasks{state="failed"} == 1')).length === 1);
    assert.equal((await ask('histogram_quantile(0.5, dispatcher_queue_wait_seconds_bucket)')).length, 1);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
  }));
});
