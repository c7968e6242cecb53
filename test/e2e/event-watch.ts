import type { DispatcherEvent, EventType } from '../../src/domain/events.ts';
import type { TaskRegistry } from '../../src/ports/task-registry.ts';
import { openRegistryForReading } from '../../src/registry/open.ts';
import { ask } from '../../src/runtime/ask.ts';

const PAGE = 10_000;

/** Reads a registry beside whoever works on it. Before there is one, nothing has happened. */
export class EventWatch {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async #reading<T>(otherwise: T, work: (registry: TaskRegistry) => Promise<T>): Promise<T> {
    const opened = await openRegistryForReading({ path: this.#path });
    if (!opened.ok) return otherwise;
    try {
      return await work(opened.value);
    } finally {
      await ask<null>((reply) => opened.value.close(reply));
    }
  }

  /** `null` where there is no registry that can be read. */
  registryId(): Promise<string | null> {
    return this.#reading<string | null>(null, (registry) => Promise.resolve(registry.id));
  }

  /** Events of this type so far, of one task or of all. */
  count(type: EventType, taskId?: string): Promise<number> {
    return this.#reading(0, async (registry) => {
      const events = await ask<readonly DispatcherEvent[]>((reply) => registry.events({ after: 0, limit: PAGE }, reply));
      if (!events.ok) return 0;
      return events.value.filter((event) => event.type === type && (taskId === undefined || event.taskId === taskId)).length;
    });
  }

  /** Number of the last event so far, 0 before the first; `from` is one that was seen already. */
  lastSeq(from: number): Promise<number> {
    return this.#reading(from, async (registry) => {
      const later = await ask<readonly DispatcherEvent[]>((reply) => registry.events({ after: from, limit: PAGE }, reply));
      return later.ok ? (later.value.at(-1)?.seq ?? from) : from;
    });
  }

  async has(type: EventType, taskId?: string): Promise<boolean> {
    return (await this.count(type, taskId)) > 0;
  }
}
