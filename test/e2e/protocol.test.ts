import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { inProject, type Project } from './project.ts';
import { until } from './until.ts';

/** A runner that writes down who it is, and waits for its gate. */
const introduced = (project: Project, name: string): readonly string[] => [
  'sh',
  '-c',
  'env > "$1.tmp"; mv "$1.tmp" "$1"; until [ -e "$1.gate" ]; do sleep 0.05; done',
  'sh',
  project.path(name),
];

interface Introduction {
  readonly url: string;
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
}

const introduction = async (project: Project, name: string): Promise<Introduction> => {
  await until(`${name} says who it is`, () => project.has(name));
  const env = Object.fromEntries(
    project
      .read(name)
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return { url: env['DISPATCHER_URL'] ?? '', token: env['RUNNER_TOKEN'] ?? '', env };
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

const call = async (
  { url, token }: Pick<Introduction, 'url' | 'token'>,
  what: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answer> => {
  const answer = await fetch(`${url}/runner/v1/${what}`, {
    method,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as unknown), headers: answer.headers };
};

const detailOf = ({ body }: Answer): string => (body as { readonly detail: string }).detail;

describe('the runner protocol', { concurrency: 3 }, () => {
  test('context, heartbeat, artifacts and complete; the report outranks file and exit code', inProject({}, async (project) => {
    const command = ['sh', '-c', `${introduced(project, 'a')[2]}; echo '{"status":"failed"}' > "$RUN_DIR/result.json"; exit 3`, 'sh', project.path('a')];
    const file = await project.plan('p', [{ id: 'a', title: 'First', timeout: '1h', command }]);
    const run = project.begin('run', file);
    const a = await introduction(project, 'a');
    const context = await call(a, 'context');
    assert.equal(context.status, 200);
    assert.deepEqual(context.body, JSON.parse(a.env['TASK_CONTEXT'] ?? ''));
    const beat = await call(a, 'heartbeat', { progress: 0.5, message: 'half', usage: { tokens: 7 } });
    assert.equal(beat.status, 200);
    const { directive, deadline } = beat.body as { directive: string; deadline: string };
    assert.equal(directive, 'continue');
    const leftMs = Date.parse(deadline) - Date.now();
    assert.ok(leftMs > 0 && leftMs <= 3_600_000, deadline);
    assert.equal((await call(a, 'heartbeat', {})).status, 200);
    const artifact = { type: 'file', uri: 'out/report.md', size_bytes: 12, metadata: { lines: 3 } };
    for (let i = 0; i < 2; i += 1) assert.equal((await call(a, 'artifacts', artifact)).status, 204);
    const result = { status: 'done', summary: 'all is well' };
    for (let i = 0; i < 2; i += 1) assert.equal((await call(a, 'complete', result)).status, 204, 'the same again is well');
    const other = await call(a, 'complete', { status: 'failed', reason: 'changed its mind' });
    assert.equal(other.status, 409);
    assert.match(detailOf(other), /already reported another result/);
    await project.write('a.gate', '');
    assert.equal((await run.end()).code, 0, run.said);
    const shown = await project.show('p/a');
    assert.deepEqual([shown.state, shown.attempts], ['done', 1]);
    assert.deepEqual(shown.artifacts, [{ attempt: 1, ...artifact }]);
    const events = await project.events();
    const refused = events.filter(({ type }) => type === 'ReportRefused');
    assert.deepEqual(refused.map(({ details }) => details['report']), ['{"status":"failed","reason":"changed its mind"}']);
    assert.equal(events.filter(({ type }) => type === 'ArtifactReported').length, 1);
    // The token is a secret: nowhere but in its runner's environment, and in what this one wrote of that.
    const secret = a.token;
    for (const name of readdirSync(project.stateDir, { recursive: true, encoding: 'utf8' })) {
      const path = `${project.stateDir}/${name}`;
      if (statSync(path).isFile()) assert.ok(!readFileSync(path, 'latin1').includes(secret), `the token is in ${name}`);
    }
    assert.ok(!run.said.includes(secret));
  }));

  test('strangers, neighbours and the past are refused', inProject({}, async (project) => {
    const first = 'test "$ATTEMPT" = 1 && exit 1; ';
    const b = introduced(project, 'b');
    const file = await project.plan('p', [
      { id: 'a', command: introduced(project, 'a') },
      { id: 'b', command: ['sh', '-c', `env > "$1.$ATTEMPT"; ${first}${b[2]}`, 'sh', project.path('b')] },
    ]);
    const run = project.begin('run', file);
    const [me, now] = [await introduction(project, 'a'), await introduction(project, 'b')];
    const then = await introduction(project, 'b.1');
    assert.equal(now.env['ATTEMPT'], '2');
    for (const token of ['', 'x', 'Bearer', me.token.slice(0, -1), `${me.token}0`, me.token.replace('-a-', '-b-'), me.token.replace(/\.1\./, '.2.')]) {
      for (const [what, body] of [['context', undefined], ['heartbeat', {}], ['complete', { status: 'done' }], ['artifacts', { type: 'x', uri: 'y' }]] as const) {
        assert.equal((await call({ url: me.url, token }, what, body)).status, 401, `${token} ${what}`);
      }
    }
    const late = await call(then, 'complete', { status: 'done', summary: 'I was first' });
    assert.equal(late.status, 409);
    assert.match(detailOf(late), /attempt 1 of .* is over; what it says counts no longer/);
    assert.equal((await call(then, 'heartbeat', {})).status, 409);
    assert.equal((await call(then, 'context')).status, 409);
    const wrong: readonly (readonly [string, unknown, number, RegExp])[] = [
      ['complete', '{"status":', 400, /not JSON/],
      ['complete', { status: 'perfect' }, 400, /status/],
      ['complete', [], 400, /object/],
      ['heartbeat', 'nonsense', 400, /not JSON/],
      ['heartbeat', { message: 7 }, 400, /body message: expected text/],
      ['heartbeat', { message: 'x'.repeat(70_000) }, 413, /at most 64 KiB/],
      ['artifacts', { type: 'file' }, 400, /body uri: expected a path or URL/],
      ['artifacts', { type: 'file', uri: 'x', size_bytes: -1 }, 400, /size_bytes/],
      ['complete', { status: 'done', summary: 'x'.repeat(1_100_000) }, 413, /at most 1 MiB/],
      ['nothing', {}, 404, /there is no POST/],
    ];
    for (const [what, body, status, detail] of wrong) {
      const answer = await call(me, what, body);
      assert.equal(answer.status, status, `${what} ${JSON.stringify(body).slice(0, 60)}`);
      assert.match(detailOf(answer), detail);
    }
    assert.equal((await call(me, 'context', {}, 'POST')).status, 405);
    // With a runner's token nothing else may be done.
    const admin = await fetch(`${me.url}/api/v1/drain`, { method: 'POST', headers: { authorization: `Bearer ${me.token}` } });
    assert.equal(admin.status, 401);
    await project.write('a.gate', '');
    await project.write('b.gate', '');
    assert.equal((await run.end()).code, 0, run.said);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done' });
    const refused = (await project.events()).filter(({ type }) => type === 'ReportRefused');
    assert.deepEqual(refused.map(({ attempt, details }) => [attempt, details['report']]), [[1, '{"status":"done","summary":"I was first"}']]);
  }));
});
