import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { DispatcherEvent } from '../domain/events.ts';
import { specName, taskId } from '../domain/ids.ts';
import { ask } from '../runtime/ask.ts';
import type { ApiParts } from './api-parts.ts';
import { EventTail, type TailEvent } from './event-tail.ts';
import { portProblem, problem } from './problem.ts';
import { queryOf } from './request-input.ts';
import { route } from './route.ts';
import { eventJson } from './views.ts';

/** A comment at least so often, in ms, so that both sides notice when the other has gone. */
const ALIVE_EVERY_MS = 15_000;
const MOST_STREAMS = 1000;

const eventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  spec: z.string().optional(),
  task_id: z.string().optional(),
});
type EventsQuery = z.output<typeof eventsQuery>;

const listEvents = async (c: Context, { registry }: ApiParts, query: EventsQuery): Promise<Response> => {
  const { after, limit, spec, task_id: id } = query;
  const events = await ask<readonly DispatcherEvent[]>((reply) =>
    registry.events(
      {
        after,
        limit,
        ...(spec === undefined ? {} : { spec: specName(spec) }),
        ...(id === undefined ? {} : { taskId: taskId(id) }),
      },
      reply,
    ),
  );
  return events.ok ? c.json({ events: events.value.map(eventJson) }) : portProblem(c, events.error);
};

const isAbout = ({ spec, task_id: id }: EventsQuery) => ({ event }: TailEvent): boolean =>
  (spec === undefined || event.spec === spec) && (id === undefined || event.taskId === id);

/**
 * Events as they come, from after this number on. Read only when the other side has room: one that
 * reads nothing costs what its socket holds.
 */
const streamOf = (tail: EventTail, from: number, query: EventsQuery, ended: () => void): ReadableStream<Uint8Array> => {
  const bytes = new TextEncoder();
  const wanted = isAbout(query);
  const leave = tail.follow();
  let after = from;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    leave();
    ended();
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(bytes.encode(': dispatcher events\n\n')),
      pull: async (controller) => {
        for (;;) {
          if (isOver) return;
          const found = await tail.after(after);
          if (!found.ok) {
            end();
            return controller.close();
          }
          after = found.value.at(-1)?.event.seq ?? after;
          const text = found.value.filter(wanted).map((one) => one.text).join('');
          if (text !== '') return controller.enqueue(bytes.encode(text));
          if (found.value.length > 0) continue;
          const waited = performance.now();
          await tail.news(ALIVE_EVERY_MS);
          if (!isOver && performance.now() - waited >= ALIVE_EVERY_MS) return controller.enqueue(bytes.encode(': alive\n\n'));
        }
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
};

const LAST_ID = /^\d{1,15}$/;

/** Events as JSON or, for whoever accepts `text/event-stream`, as a stream that can be taken up again where it was cut. */
export const eventRoutes = (app: Hono, parts: ApiParts): void => {
  const tail = new EventTail(parts.registry);
  let streams = 0;
  route(app, '/api/v1/events', {
    GET: (c) => {
      const query = queryOf(c, eventsQuery);
      if (!query.ok) return query.response;
      if (!(c.req.header('accept') ?? '').includes('text/event-stream')) return listEvents(c, parts, query.value);
      const last = c.req.header('last-event-id');
      if (last !== undefined && !LAST_ID.test(last)) {
        return problem(c, 400, 'Last-Event-ID: expected the number of an event, as the stream gave it');
      }
      if (streams >= MOST_STREAMS) return problem(c, 503, `${MOST_STREAMS} streams of events are open; close some`);
      streams += 1;
      const stream = streamOf(tail, last === undefined ? query.value.after : Number(last), query.value, () => {
        streams -= 1;
      });
      return c.body(stream, 200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
    },
  });
};
