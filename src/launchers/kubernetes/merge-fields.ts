export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What tells the members of Kubernetes' lists apart, as `kubectl apply` has it. */
const KEYS = ['name', 'mountPath'] as const;

const keyOf = (items: readonly unknown[]): (typeof KEYS)[number] | null =>
  KEYS.find((key) => items.length > 0 && items.every((item) => isFields(item) && typeof item[key] === 'string')) ?? null;

const mergeLists = (below: readonly unknown[], above: readonly unknown[]): readonly unknown[] => {
  const key = keyOf([...below, ...above]);
  if (key === null) return above;
  const keyed = (item: unknown): unknown => (isFields(item) ? item[key] : null);
  const merged = below.map((item) => {
    const over = above.find((candidate) => keyed(candidate) === keyed(item));
    return over === undefined ? item : mergeFields(item, over);
  });
  return [...merged, ...above.filter((item) => !below.some((known) => keyed(known) === keyed(item)))];
};

/**
 * Lays one object over another, field by field: mappings are merged, lists of named things by name
 * (containers, variables, volumes, mounts by their paths), all other lists and values are replaced.
 */
export const mergeFields = (below: unknown, above: unknown): unknown => {
  if (above === undefined) return below;
  if (Array.isArray(below) && Array.isArray(above)) return mergeLists(below, above);
  if (!isFields(below) || !isFields(above)) return above;
  const merged: Record<string, unknown> = { ...below };
  for (const [field, value] of Object.entries(above)) merged[field] = mergeFields(below[field], value);
  return merged;
};
