import type { YamlDocument } from './yaml-document.ts';
import { locateAll, type DocumentPath } from './yaml-location.ts';

type Container = Record<string | number, unknown>;

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** One value to be put back as it was written. */
interface Place {
  readonly container: Container;
  readonly key: string | number;
  readonly path: DocumentPath;
}

/** Parts of a task that are handed on as text, and may be written without quotes. */
const TEXT_KEYS = ['title', 'description'] as const;
const TEXT_COLLECTIONS = ['command', 'env'] as const;

const placesIn = (container: unknown, keys: readonly (string | number)[], path: DocumentPath): readonly Place[] =>
  isContainer(container)
    ? keys
        .filter((key) => Object.hasOwn(container, key))
        .filter((key) => typeof container[key] === 'number' || typeof container[key] === 'boolean')
        .map((key) => ({ container, key, path: [...path, key] }))
    : [];

const keysOf = (value: unknown): readonly (string | number)[] => {
  if (Array.isArray(value)) return value.map((_, i) => i);
  return isContainer(value) ? Object.keys(value) : [];
};

const placesInTask = (task: unknown, path: DocumentPath): readonly Place[] => {
  if (!isContainer(task)) return [];
  return [
    ...placesIn(task, TEXT_KEYS, path),
    ...TEXT_COLLECTIONS.flatMap((key) => placesIn(task[key], keysOf(task[key]), [...path, key])),
  ];
};

/**
 * Puts numbers and booleans among titles, descriptions, arguments and variables of a task set back
 * as they were written, so that `["use", 1.10]` hands on "1.10" and `MODE: 0755` hands on "0755".
 * Changes the document's value in place; looks only at these places and judges nothing.
 */
export const keepSpelling = (document: YamlDocument): void => {
  const { value } = document;
  if (!isContainer(value)) return;
  const tasks = Array.isArray(value['tasks']) ? value['tasks'] : [];
  const places = [
    ...placesInTask(value['defaults'], ['defaults']),
    ...tasks.flatMap((task: unknown, i) => placesInTask(task, ['tasks', i])),
  ];
  if (places.length === 0) return;
  const locations = locateAll(
    document,
    places.map((place) => place.path),
  );
  for (const [i, place] of places.entries()) {
    const spelling = locations[i]?.spelling;
    if (spelling != null) place.container[place.key] = spelling;
  }
};
