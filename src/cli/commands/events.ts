import type { DispatcherEvent } from '../../domain/events.ts';
import { parseTaskKey, specName } from '../../domain/ids.ts';
import type { EventQuery } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { eventJson, isoTime } from '../../server/views.ts';
import type { GlobalOptions } from '../configured.ts';
import { colours, complain, EXIT_OK, EXIT_UNFINISHED, print } from '../io.ts';
import { reading } from '../reading.ts';

export interface EventsOptions extends GlobalOptions {
  readonly after?: number;
  readonly spec?: string;
  readonly task?: string;
}

const PAGE = 5000;

const line = (event: DispatcherEvent): string => {
  const task = event.spec === null ? '' : ` ${event.spec}${event.taskId === null ? '' : `/${event.taskId}`}`;
  const attempt = event.attempt === null ? '' : ` #${event.attempt}`;
  const details = Object.keys(event.details).length === 0 ? '' : ` ${colours.dim(JSON.stringify(event.details))}`;
  return `${String(event.seq).padStart(6)} ${isoTime(event.at)} ${event.type.padEnd(18)}${task}${attempt}${details}`;
};

const queryOf = (options: EventsOptions): Omit<EventQuery, 'after' | 'limit'> | null => {
  if (options.task === undefined) return options.spec === undefined ? {} : { spec: specName(options.spec) };
  const key = parseTaskKey(options.task);
  return key === null ? null : { spec: key.spec, taskId: key.id };
};

/** `events`: everything that happened, in order; JSON lines with `--json`. */
export const events = async (options: EventsOptions): Promise<number> => {
  const query = queryOf(options);
  if (query === null) return complain(`--task ${options.task ?? ''}: expected SPEC/ID`);
  return reading(options, async (registry) => {
    let after = options.after ?? 0;
    for (;;) {
      const from = after;
      const page = await ask<readonly DispatcherEvent[]>((reply) =>
        registry.events({ ...query, after: from, limit: PAGE }, reply),
      );
      if (!page.ok) return complain(page.error.message, EXIT_UNFINISHED);
      for (const event of page.value) print(options.json === true ? JSON.stringify(eventJson(event)) : line(event));
      const last = page.value.at(-1);
      if (last === undefined || page.value.length < PAGE) return EXIT_OK;
      after = last.seq;
    }
  });
};
