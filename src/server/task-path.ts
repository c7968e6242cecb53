import { parseTaskKey, type TaskKey } from '../domain/ids.ts';

const PREFIX = '/api/v1/tasks/';

/** The name of a task in a path, each part percent-encoded; an id may hold slashes, encoded or not. */
export interface TaskPath {
  readonly key: TaskKey;
  /** The same path read as a task and something to be done with it: `…/{spec}/{id}/cancel`. */
  readonly operation: { readonly key: TaskKey; readonly name: string } | null;
}

/** `null` where the path names no task. */
export const taskPath = (url: string): TaskPath | null => {
  const raw = new URL(url).pathname.slice(PREFIX.length);
  try {
    // Split before decoding: an encoded slash belongs to the name.
    const parts = raw.split('/').map(decodeURIComponent);
    const whole = parseTaskKey(parts.join('/'));
    if (whole === null || (parts[0] ?? '').includes('/')) return null;
    const target = parts.length > 2 ? parseTaskKey(parts.slice(0, -1).join('/')) : null;
    return { key: whole.key, operation: target === null ? null : { key: target.key, name: parts.at(-1) ?? '' } };
  } catch {
    return null;
  }
};

/** The path of a task. */
export const pathOfTask = (key: TaskKey): string => {
  const slash = key.indexOf('/');
  return `${PREFIX}${encodeURIComponent(key.slice(0, slash))}/${encodeURIComponent(key.slice(slash + 1))}`;
};
