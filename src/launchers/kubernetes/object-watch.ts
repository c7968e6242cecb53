import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { KubernetesApi } from './api.ts';
import type { ApiFailure } from './api-failure.ts';

/** The server ends a quiet watch after so long, to be asked again from where it was. In seconds. */
const WATCH_S = 15;
/** A watch that says nothing for so long is dead, whatever TCP thinks. In ms. */
const SILENCE_MS = 20_000;
/** Between two attempts to list while the server does not answer, in ms. */
const RETRY_MS = 1_000;
/** How long a list may take. In ms. */
const LIST_MS = 10_000;

const listSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }), items: z.array(z.unknown()) });
const eventSchema = z.object({ type: z.string(), object: z.unknown() });
const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

export interface WatchedObject {
  readonly metadata: { readonly name: string; readonly uid: string };
}

export interface ObjectWatchOptions<T extends WatchedObject> {
  readonly api: KubernetesApi;
  /** `/apis/batch/v1/namespaces/x/jobs` */
  readonly path: string;
  readonly selector: string;
  readonly read: (object: unknown) => T | null;
  /** What is new or has changed. */
  readonly changed: (object: T) => void;
  /** What is no more, as it was last seen. */
  readonly deleted: (object: T) => void;
  /** Everything is known as it was when this listing began, monotonic ms. */
  readonly listed: (begunAt: number) => void;
  readonly failed: (failure: ApiFailure) => void;
}

/**
 * All objects of one kind with one label: listed, then watched from there, listed anew when the server
 * has forgotten where we were (410), when the watch breaks, and when it falls silent.
 */
export class ObjectWatch<T extends WatchedObject> {
  readonly #options: ObjectWatchOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #ended = new AbortController();
  #current: AbortController | null = null;

  constructor(options: ObjectWatchOptions<T>) {
    this.#options = options;
    void this.#run();
  }

  get(name: string): T | null {
    return this.#objects.get(name) ?? null;
  }

  values(): Iterable<T> {
    return this.#objects.values();
  }

  close(): void {
    this.#ended.abort();
    this.#current?.abort();
  }

  async #run(): Promise<void> {
    let version: string | null = null;
    while (!this.#ended.signal.aborted) {
      version ??= await this.#list();
      if (version !== null) version = await this.#watch(version);
      else await delay(RETRY_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  async #list(): Promise<string | null> {
    const begunAt = performance.now();
    const { api, path, selector, read } = this.#options;
    const answer = await api.get(path, { query: { labelSelector: selector }, timeoutMs: LIST_MS });
    if (this.#ended.signal.aborted) return null;
    if (!answer.ok) {
      this.#options.failed(answer.error);
      return null;
    }
    const parsed = listSchema.safeParse(answer.value);
    if (!parsed.success) {
      const message = `${path} was answered with something that is no list`;
      this.#options.failed({ status: null, reason: '', message, retryAfterMs: null });
      return null;
    }
    const found = parsed.data.items.map(read).filter((object) => object !== null);
    const names = new Set(found.map(({ metadata }) => metadata.name));
    const gone = [...this.#objects.values()].filter(({ metadata }) => !names.has(metadata.name));
    for (const object of gone) this.#drop(object);
    for (const object of found) this.#take(object);
    this.#options.listed(begunAt);
    return parsed.data.metadata.resourceVersion;
  }

  /** Returns from where to go on; `null`: from a new list. */
  async #watch(from: string): Promise<string | null> {
    const controller = new AbortController();
    this.#current = controller;
    const { api, path, selector } = this.#options;
    const query = { labelSelector: selector, watch: 'true', resourceVersion: from, allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_S) };
    const alarm = setTimeout(() => controller.abort(), SILENCE_MS);
    try {
      const answer = await api.stream(path, query, controller.signal);
      if (!answer.ok) return null;
      let version: string | null = from;
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of answer.value) {
        alarm.refresh();
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) version = this.#hear(line, version);
        if (version === null) return null;
      }
      return version;
    } catch {
      return null;
    } finally {
      clearTimeout(alarm);
      controller.abort();
    }
  }

  /** One line of a watch. Returns the version it stands for; `null` when the watch is of no more use. */
  #hear(line: string, version: string | null): string | null {
    if (version === null || line === '') return version;
    const event = eventSchema.safeParse(parsedJson(line));
    if (!event.success || event.data.type === 'ERROR') return null;
    const next = versioned.safeParse(event.data.object);
    if (!next.success) return null;
    if (event.data.type !== 'BOOKMARK') {
      const object = this.#options.read(event.data.object);
      if (object !== null && event.data.type === 'DELETED') this.#drop(object);
      else if (object !== null) this.#take(object);
    }
    return next.data.metadata.resourceVersion;
  }

  #take(object: T): void {
    const { name, uid } = object.metadata;
    const known = this.#objects.get(name);
    if (known !== undefined && known.metadata.uid !== uid) this.#drop(known);
    this.#objects.set(name, object);
    this.#options.changed(object);
  }

  #drop(object: T): void {
    if (this.#objects.get(object.metadata.name)?.metadata.uid === object.metadata.uid) this.#objects.delete(object.metadata.name);
    this.#options.deleted(object);
  }
}

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};
