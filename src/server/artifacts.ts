import type { DispatcherEvent } from '../domain/events.ts';
import { parseTaskKey, type TaskKey } from '../domain/ids.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';

const PAGE = 1_000;

/** As `task show --json` shows it. */
export type ShownArtifact = { readonly attempt: number | null } & Readonly<Record<string, unknown>>;

/** What the attempts at a task have reported to have brought forth, in that order. */
export const artifactsOf = async (registry: TaskRegistry, key: TaskKey): Promise<readonly ShownArtifact[]> => {
  const task = parseTaskKey(key);
  if (task === null) return [];
  const artifacts: ShownArtifact[] = [];
  for (let after = 0; ; ) {
    const query = { after, limit: PAGE, spec: task.spec, taskId: task.id };
    const page = await ask<readonly DispatcherEvent[]>((reply) => registry.events(query, reply));
    if (!page.ok) return artifacts;
    for (const { type, attempt, details } of page.value) {
      if (type === 'ArtifactReported') artifacts.push({ attempt, ...details });
    }
    const last = page.value.at(-1);
    if (last === undefined || page.value.length < PAGE) return artifacts;
    after = last.seq;
  }
};
