import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';
import { until } from './until.ts';

interface Frame {
  readonly id: number;
  readonly type: string;
  readonly seq: unknown;
}

const framesOf = (text: string): readonly Frame[] =>
  [...text.matchAll(/^id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n/gm)].map(([, id, type, data]) => ({
    id: Number(id),
    type: type ?? '',
    seq: (JSON.parse(data ?? '{}') as { readonly seq?: unknown }).seq,
  }));

/** Reads a stream until there is enough, or it was cut: what came whole. */
const heard = async (url: string, lastId: number | null, enough: (frames: readonly Frame[]) => boolean, bytes = Infinity): Promise<readonly Frame[]> => {
  const cut = new AbortController();
  const headers = { Accept: 'text/event-stream', ...(lastId === null ? {} : { 'Last-Event-ID': String(lastId) }) };
  const response = await fetch(`${url}/api/v1/events`, { headers, signal: cut.signal });
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/event-stream; charset=utf-8']);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= bytes || enough(framesOf(text))) break;
  }
  cut.abort();
  return framesOf(text.slice(0, bytes));
};

const submitMany = async (project: Project, name: string, count: number): Promise<void> => {
  const tasks = Array.from({ length: count }, (_, i) => ({ id: `t${i}`, command: ['true'] }));
  await project.expect(0, 'submit', await project.plan(name, tasks));
};

describe('GET /api/v1/events as a stream', { concurrency: 2 }, () => {
  test('cut and resumed a hundred times while tasks run, has every event once and in order', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    await submitMany(project, 'p', 150);
    const all: Frame[] = [];
    for (let cuts = 0; cuts < 100; cuts += 1) {
      const last = all.at(-1)?.id ?? null;
      // Cut anywhere, mostly in the middle of an event: after a few bytes, or after many.
      all.push(...await heard(url, last, (frames) => frames.length > 0, 300 + ((cuts * 7919) % 2500)));
    }
    await until('everything is done', async () => Object.values(await project.states()).every((state) => state === 'done'));
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
    const again = project.begin('start');
    const next = await project.endpoint(again);
    const end = (await project.events()).length;
    all.push(...await heard(next.url, all.at(-1)?.id ?? null, (frames) => (frames.at(-1)?.id ?? 0) >= end));
    assert.deepEqual(all.map(({ id }) => id).slice(0, end), Array.from({ length: end }, (_, i) => i + 1));
    assert.ok(all.every(({ id, seq }) => id === seq));
    again.signal('SIGTERM');
    await again.end();
  }));

  test('tells those who follow at once, of their set alone if they ask, and refuses what is no number', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    const after = (await project.events()).length;
    const followers = Array.from({ length: 5 }, () => heard(url, after, (frames) => frames.some(({ type }) => type === 'TaskCompleted')));
    await submitMany(project, 'p', 1);
    const [first, ...others] = await Promise.all(followers);
    assert.equal(first?.[0]?.id, after + 1);
    for (const other of others) assert.deepEqual(other.slice(0, 3), first?.slice(0, 3));
    await submitMany(project, 'q', 1);
    const response = await fetch(`${url}/api/v1/events?spec=q`, { headers: { Accept: 'text/event-stream' } });
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString('utf8');
      if (text.includes('TaskSubmitted')) break;
    }
    assert.doesNotMatch(text, /"spec":"p"/);
    for (const wrong of ['x', '-1', '1.5', '9'.repeat(30)]) {
      const refused = await fetch(`${url}/api/v1/events`, { headers: { Accept: 'text/event-stream', 'Last-Event-ID': wrong } });
      assert.equal(refused.status, 400, wrong);
    }
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
  }));

  test('lets a client that reads nothing hold up nobody, nor the end', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    const { hostname, port, host } = new URL(url);
    const deaf = Array.from({ length: 50 }, () => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
      return socket.pause();
    });
    await submitMany(project, 'p', 100);
    await until('everything is done', async () => Object.values(await project.states()).every((state) => state === 'done'));
    const end = (await project.events()).length;
    assert.equal((await heard(url, null, (frames) => (frames.at(-1)?.id ?? 0) >= end)).at(-1)?.id, end);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
    for (const socket of deaf) socket.destroy();
  }));
});
