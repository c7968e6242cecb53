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
    assert.equal((await call(`${url}/api/v1/tasks`, 'DELETE', bearer)).status, 404);
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
});
