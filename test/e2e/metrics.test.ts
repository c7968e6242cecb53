import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alertMetrics, dashboardMetrics, familiesOf } from './metric-names.ts';
import { inProject } from './project.ts';
import { until } from './until.ts';

const scraped = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/metrics`);
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  return response.text();
};

/** The value of one series, by its name with labels; `undefined` where there is none. */
const valueOf = (scrape: string, series: string): number | undefined => {
  const line = scrape.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

describe('GET /metrics', { concurrency: 2 }, () => {
  test('counts what happened, by pool and by words of fixed lists, never by task', inProject({
    rest: { agent_pools: { local: { type: 'local-process', max_concurrency: 3, cpu_quota: 4, memory_quota: 64 } } },
  }, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    const before = await scraped(url);
    assert.equal(valueOf(before, 'dispatcher_attempts_total{pool="local",outcome="done",reason="succeeded"}'), 0);
    const file = await project.plan('named-set', [
      { id: 'fine', command: ['true'] },
      { id: 'twice', command: ['false'], retry: { max_attempts: 2 } },
      { id: 'nowhere', command: ['./there-is-no-such-program'] },
      { id: 'held', command: ['sleep', '600'], resources: { cpu: 1.5, memory: 32 } },
    ]);
    await project.expect(0, 'submit', file);
    await until('all but one have ended', async () => {
      const now = await scraped(url);
      return valueOf(now, 'dispatcher_tasks{state="failed"}') === 2 && valueOf(now, 'dispatcher_pool_runners{pool="local"}') === 1
        && valueOf(now, 'dispatcher_tasks{state="done"}') === 1 && valueOf(now, 'dispatcher_launches_total{pool="local"}') === 4;
    });
    const after = await scraped(url);
    const expected = {
      'dispatcher_attempts_total{pool="local",outcome="done",reason="succeeded"}': 1,
      'dispatcher_attempts_total{pool="local",outcome="failed",reason="failed"}': 2,
      'dispatcher_attempts_total{pool="local",outcome="failed",reason="launch_failed"}': 1,
      'dispatcher_attempt_duration_seconds_count{pool="local",outcome="failed"}': 2,
      'dispatcher_attempt_duration_seconds_bucket{pool="local",outcome="done",le="+Inf"}': 1,
      'dispatcher_queue_wait_seconds_count{pool="local"}': 4,
      'dispatcher_retries_total{pool="local",reason="failed"}': 1,
      'dispatcher_launch_failures_total{pool="local",kind="permanent"}': 1,
      'dispatcher_tasks{state="running"}': 1,
      'dispatcher_pool_capacity{pool="local"}': 3,
      'dispatcher_pool_cpu_reserved_cores{pool="local"}': 1.5,
      'dispatcher_pool_cpu_quota_cores{pool="local"}': 4,
      'dispatcher_pool_memory_reserved_bytes{pool="local"}': 32 * 1024 * 1024,
      'dispatcher_pool_state{pool="local",state="enabled"}': 1,
      'dispatcher_up': 1,
    };
    for (const [series, value] of Object.entries(expected)) assert.equal(valueOf(after, series), value, series);
    assert.equal(valueOf(after, 'dispatcher_events_recorded_total'), (await project.events()).length);
    assert.doesNotMatch(after, /named-set|fine|nowhere/);
    const [few, many] = [before, after].map((text) => text.split('\n').filter((line) => /^[^#]/.test(line)).length);
    // One distribution more: how long attempts ran that failed.
    assert.ok((many ?? 0) - (few ?? 0) <= 21, `${many} series after four tasks, ${few} before`);
    await project.expect(0, 'task', 'cancel', 'named-set/held');
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
  }));

  test('has every metric that the dashboard and the alerts name, and the dashboard shows all of them', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    const families = familiesOf(await scraped(url));
    assert.deepEqual(dashboardMetrics().filter((name) => !families.includes(name)), []);
    const alerting = alertMetrics();
    assert.ok(alerting.length >= 8, alerting.join(', '));
    assert.deepEqual(alerting.filter((name) => !families.includes(name)), []);
    assert.deepEqual(families.filter((name) => !dashboardMetrics().includes(name)), ['process_start_time_seconds']);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
  }));
});
