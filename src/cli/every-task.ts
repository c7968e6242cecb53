import type { PortError } from '../domain/failures.ts';
import type { SpecName } from '../domain/ids.ts';
import { ok, type Result } from '../domain/result.ts';
import type { TaskState, TaskView } from '../domain/task.ts';
import type { TaskPage, TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';

const PAGE = 1000;

/** All tasks of these states, page by page, at most `most` of them. */
export const everyTask = async (
  registry: TaskRegistry,
  query: { readonly spec: SpecName | null; readonly states: readonly TaskState[] | null },
  most = Number.POSITIVE_INFINITY,
): Promise<Result<readonly TaskView[], PortError>> => {
  const found: TaskView[] = [];
  let after: number | null = null;
  do {
    const from: number | null = after;
    const page: Result<TaskPage, PortError> = await ask<TaskPage>((reply) =>
      registry.tasks(
        {
          limit: Math.min(PAGE, most - found.length),
          ...(query.spec === null ? {} : { spec: query.spec }),
          ...(query.states === null ? {} : { states: query.states }),
          ...(from === null ? {} : { after: from }),
        },
        reply,
      ),
    );
    if (!page.ok) return page;
    found.push(...page.value.tasks);
    after = page.value.next;
  } while (after !== null && found.length < most);
  return ok(found);
};
