declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type SpecName = Branded<string, 'SpecName'>;
export type TaskId = Branded<string, 'TaskId'>;
/** `spec/id`: how a task is named everywhere. A spec name has no slash, an id may have. */
export type TaskKey = Branded<string, 'TaskKey'>;
export type RunnerId = Branded<string, 'RunnerId'>;
export type SlotId = Branded<string, 'SlotId'>;
export type PoolName = Branded<string, 'PoolName'>;
/** UUID of a Task Registry, in its canonical form of 36 characters. */
export type RegistryId = Branded<string, 'RegistryId'>;

export const specName = (text: string): SpecName => text as SpecName;
export const taskId = (text: string): TaskId => text as TaskId;
export const slotId = (text: string): SlotId => text as SlotId;
export const poolName = (text: string): PoolName => text as PoolName;
export const registryId = (text: string): RegistryId => text as RegistryId;
export const runnerId = (text: string): RunnerId => text as RunnerId;

export const taskKey = (spec: SpecName, id: TaskId): TaskKey => `${spec}/${id}` as TaskKey;

/** Splits at the first slash; `null` where there is none or a half is empty. */
export const parseTaskKey = (text: string): { spec: SpecName; id: TaskId; key: TaskKey } | null => {
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) return null;
  return {
    spec: specName(text.slice(0, slash)),
    id: taskId(text.slice(slash + 1)),
    key: text as TaskKey,
  };
};

/** The first eight hexadecimal digits: part of every name given to an engine or a folder. */
export const shortRegistryId = (id: RegistryId): string => id.slice(0, 8);

/**
 * FNV-1a, 32 bit, as eight hexadecimal digits. For telling names apart, not for security.
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
const fnv1a = (text: string): string => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
};

const SLUG_LENGTH = 36;

/**
 * The name of one attempt at one task, the same however often it is computed, so that an engine
 * refuses a second create by itself. Lower case, digits and hyphens, at most 63 characters: a valid
 * DNS label (RFC 1123), as Kubernetes wants it.
 *
 * @example runnerIdOf(id, key('build/compile'), 1) // "a1b2c3d4-build-compile-1"
 */
export const runnerIdOf = (registry: RegistryId, key: TaskKey, attempt: number): RunnerId => {
  const plain = key.replace('/', '-');
  const slug = plain
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, SLUG_LENGTH);
  // Without a hyphen in the spec the first hyphen is the slash, and nothing was lost.
  const lossless = slug === plain && !key.slice(0, key.indexOf('/')).includes('-');
  const name = lossless ? slug : `${slug.slice(0, SLUG_LENGTH - 9)}-${fnv1a(key)}`.replace(/^-/, '');
  return runnerId(`${shortRegistryId(registry)}-${name}-${attempt}`);
};
