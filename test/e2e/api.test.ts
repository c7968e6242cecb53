import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { inProject } from './project.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A request with any headers, Host included, which `fetch` does not let one choose. */
const call = (url: string, method: string, headers: Readonly<Record<string, string>> = {}, body = ''): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }));
    });
    sent.on('error', reject);
    sent.end(body);
  });

const SET = JSON.stringify({ name: 'p', tasks: [{ id: 'a', command: ['true'] }] });

describe('the HTTP API', { concurrency: 4 }, () => {
  test('lets in only those with the token and the right Host', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url, token } = await project.endpoint(start);
    const tasksets = `${url}/api/v1/tasksets`;
    const refusals: readonly (readonly [number, Readonly<Record<string, string>>])[] = [
      [401, {}],
      [401, { Authorization: 'Bearer ' }],
      [401, { Authorization: `Bearer ${token.slice(1)}` }],
      [401, { Authorization: `Bearer ${token}0` }],
      [401, { Authorization: token }],
      [401, { Authorization: `Basic ${Buffer.from(`admin:${token}`).toString('base64')}` }],
      [403, { Authorization: `Bearer ${token}`, Host: 'evil.example' }],
      [403, { Authorization: `Bearer ${token}`, Host: `evil.example:${new URL(url).port}` }],
      [403, { Authorization: `Bearer ${token}`, Host: '127.0.0.1' }],
    ];
    for (const [status, headers] of refusals) {
      const answer = await call(tasksets, 'POST', headers, SET);
      assert.equal(answer.status, status, JSON.stringify([headers, answer]));
      assert.equal(JSON.stringify(answer.body).includes(token), false);
    }
    assert.equal((await call(`${url}/api/v1/status`, 'GET', { Host: 'evil.example' })).status, 403);
    for (const path of ['/', '/api', '/api/v1/nothing', '/api/v1/tasks/p', '/../etc/passwd', '/api/v1/tasks/p/a']) {
      assert.equal((await call(url + path, 'GET')).status, 404, path);
    }
    const bearer = { Authorization: `Bearer ${token}` };
    assert.equal((await call(`${url}/api/v1/nothing`, 'POST', bearer)).status, 404);
    for (const [method, path] of [['DELETE', '/tasks'], ['PUT', '/tasks/p/a'], ['POST', '/tasks/p/a'], ['GET', '/tasksets'], ['POST', '/pools'], ['GET', '/drain']]) {
      const answer = await call(`${url}/api/v1${path}`, method ?? '', bearer);
      assert.deepEqual([answer.status, answer.body['title']], [405, 'Method Not Allowed'], `${method} ${path}`);
      assert.match(String(answer.body['detail']), /; allowed: (GET|POST|PATCH)/);
    }
    assert.deepEqual((await call(`${url}/api/v1/tasks`, 'GET')).body, { tasks: [], next_cursor: null });

    for (const query of ['fresh=perhaps', 'changed_done=burn', 'force=2']) {
      assert.equal((await call(`${tasksets}?${query}`, 'POST', bearer, SET)).status, 400, query);
    }
    for (const body of ['', '\0\0', '{"name":"p"}', 'name: p\ntasks: [{id: 1.10, command: ["true"]}]', '[[[[[[']) {
      const answer = await call(tasksets, 'POST', bearer, body);
      assert.equal(answer.status, 422, JSON.stringify([body, answer]));
      assert.doesNotMatch(JSON.stringify(answer.body), /\.ts:\d|node_modules| at /);
    }
    assert.deepEqual((await call(`${url}/api/v1/tasks`, 'GET')).body, { tasks: [], next_cursor: null });
    const accepted = await call(tasksets, 'POST', bearer, SET);
    assert.deepEqual([accepted.status, accepted.body['added']], [200, ['p/a']]);
    await start.until('it is done', () => project.watch().has('TaskCompleted', 'a'));
    const one = await call(`${url}/api/v1/tasks/p/a`, 'GET');
    assert.deepEqual([one.status, one.body['state'], one.body['attempts']], [200, 'done', 1]);
    const { body } = await call(`${url}/api/v1/events?after=2&limit=3`, 'GET');
    assert.deepEqual((body['events'] as readonly { readonly seq: number }[]).map(({ seq }) => seq), [3, 4, 5]);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0, start.said);
  }));

  test('operates on tasks by any name they may have, and says why they wait', inProject({ dispatcher: { strict_skills: true } }, async (project) => {
    const start = project.begin('start');
    const { url, token } = await project.endpoint(start);
    const bearer = { Authorization: `Bearer ${token}` };
    const send = (method: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      call(`${url}/api/v1${path}`, method, { ...bearer, ...headers }, typeof body === 'string' ? body : JSON.stringify(body));
    const ids = ['a/b', 'a/b/cancel', '100%', 'naïve ☃', 'x%2Fy', 'q?#', '+ &'];
    const tasks = [{ id: 'gate', command: ['true'], required_skill: 'juggling' }, ...ids.map((id) => ({ id, command: ['true'], dependencies: ['gate'] }))];
    const submitted = await send('POST', '/tasksets', { name: 'sp ec', tasks });
    assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
    for (const id of ids) {
      const path = `/tasks/sp%20ec/${encodeURIComponent(id)}`;
      const set = await send('PATCH', path, { priority: 5 });
      assert.deepEqual([set.status, set.body['id'], set.body['priority'], set.body['changed']], [200, id, 5, true], id);
      const cancelled = await send('POST', `${path}/cancel`, { reason: 'so' });
      assert.deepEqual([cancelled.status, cancelled.body['state'], cancelled.body['stopping']], [200, 'cancelled', false], id);
      assert.match(String((await call(`${url}/api/v1${path}`, 'GET')).body['reason']), /^cancelled by api: so$/, id);
    }
    assert.equal((await call(`${url}/api/v1/tasks/sp%20ec/a/b`, 'GET')).body['id'], 'a/b');
    assert.equal((await send('POST', '/tasks/sp%20ec/a/b/cancel/retry', '')).body['id'], 'a/b/cancel');
    const { body } = await call(`${url}/api/v1/tasks/sp%20ec/..%2F..%2Fetc`, 'GET');
    assert.match(String(body['detail']), /^there is no task "sp ec\/\.\.\/\.\.\/etc"; /);
    assert.equal((await call(`${url}/api/v1/tasks/sp%20ec/%ff`, 'GET')).status, 404);

    const refusals: readonly (readonly [number, string, string, unknown, RegExp])[] = [
      [400, 'PATCH', '/tasks/sp%20ec/gate', { priorty: 1 }, /unknown key "priorty"; did you mean "priority"\?/],
      [400, 'PATCH', '/tasks/sp%20ec/gate', { priority: 1.5 }, /body priority: expected a whole number/],
      [400, 'PATCH', '/tasks/sp%20ec/gate', {}, /body priority: expected a whole number/],
      [400, 'PATCH', '/tasks/sp%20ec/gate', '{', /^the body is not JSON: /],
      [400, 'PATCH', '/tasks/sp%20ec/gate', '[]', /^body: /],
      [400, 'POST', '/tasks/sp%20ec/gate/cancel', { reason: 'two\nlines' }, /body reason: expected one line/],
      [400, 'POST', '/tasks/sp%20ec/gate/cancel', { reason: 'x'.repeat(1001) }, /at most 1000 characters/],
      [400, 'POST', '/tasks/sp%20ec/gate/cancel', { why: 'so' }, /unknown key "why"/],
      [400, 'POST', '/tasks/sp%20ec/gate/drop-dependency', {}, /body dependency: /],
      [404, 'POST', '/tasks/sp%20ec/gate/burn', {}, /there is no such operation .* expected one of cancel, retry, skip, drop-dependency/],
      [404, 'PATCH', '/tasks/sp%20ec/gaet', { priority: 1 }, /did you mean "sp ec\/gate"\?/],
      [409, 'POST', '/tasks/sp%20ec/gate/drop-dependency', { dependency: 'x' }, /sp ec\/gate does not depend on sp ec\/x; it depends on nothing/],
      [413, 'POST', '/tasks/sp%20ec/gate/cancel', { reason: 'x'.repeat(70_000) }, /at most 64 KiB/],
      [404, 'PATCH', '/pools/lokal', { state: 'disabled' }, /there is no pool "lokal"; did you mean "local"\?/],
      [400, 'PATCH', '/pools/local', { state: 'asleep' }, /body state: expected one of enabled, disabled, draining/],
      [400, 'PATCH', '/pools/local', {}, /expected state, max_concurrency or both/],
      [400, 'PATCH', '/pools/local', { max_concurrency: 0 }, /to take nothing more, disable the pool/],
      [400, 'POST', '/drain', { timeout: 3 }, /unknown key "timeout"/],
    ];
    for (const [status, method, path, sent, says] of refusals) {
      const answer = await send(method, path, sent);
      assert.deepEqual([answer.status, answer.body['status']], [status, status], JSON.stringify([method, path, sent, answer]));
      assert.match(String(answer.body['detail']), says);
    }
    assert.equal((await call(`${url}/api/v1/tasks?stat=ready`, 'GET')).status, 400);
    assert.match(String((await call(`${url}/api/v1/tasks?stat=ready`, 'GET')).body['detail']), /unknown key "stat"; did you mean "state"\?/);

    const named = await send('PATCH', '/pools/local', { max_concurrency: 3, state: 'disabled' }, { 'X-Dispatcher-Actor': 'cli:ann' });
    assert.deepEqual([named.status, named.body['state'], named.body['max_concurrency'], named.body['reason']], [200, 'disabled', 3, 'by cli:ann']);
    const forged = await send('PATCH', '/tasks/sp%20ec/gate', { priority: 2 }, { 'X-Dispatcher-Actor': 'dispatcher' });
    assert.deepEqual([forged.status, forged.body['priority']], [200, 2]);
    assert.equal((await call(`${url}/readyz`, 'GET')).status, 200);
    assert.deepEqual((await call(`${url}/api/v1/runners`, 'GET')).body, { runners: [] });
    assert.equal(((await call(`${url}/api/v1/pools`, 'GET')).body['pools'] as readonly unknown[]).length, 1);
    await send('POST', '/tasks/sp%20ec/x%252Fy/retry', '');
    const waits = await call(`${url}/api/v1/tasks/sp%20ec/x%252Fy`, 'GET');
    assert.equal((waits.body['why'] as { readonly code: string }).code, 'dependencies');
    const gate = await call(`${url}/api/v1/tasks/sp%20ec/gate`, 'GET');
    assert.equal((gate.body['why'] as { readonly code: string }).code, 'no_pool_for_skill');
    assert.equal((await send('POST', '/drain', '')).status, 202);
    assert.equal((await start.end()).code, 0, start.said);
    const actors = new Set((await project.events()).filter(({ type }) => /^(Priority|TaskCancelled|TaskRetry)/.test(type)).map(({ actor }) => actor));
    assert.deepEqual([...actors], ['api']);
  }));
});
