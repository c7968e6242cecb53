import { isNothing } from './words.ts';

/** What a list of written ids stands for. Numbers are places in the plan's list of nodes. */
export interface Referred {
  readonly nodes: readonly number[];
  /** `otherspec/id`. */
  readonly foreign: readonly string[];
  /** Parts that name nothing, as written. */
  readonly unknown: readonly string[];
}

/** What is looked up. */
export interface Directory {
  readonly byId: ReadonlyMap<string, number>;
  /** Nodes under one parent from one to another; `null` when they have not the same, or stand the other way round. */
  readonly range: (from: number, to: number) => readonly number[] | null;
}

const SEPARATOR = /[,，、;；&+]|\s(?:and|und|et|e|y|и|та|oraz|和|と|및)\s/u;
const NOTE = /\s*[(（][^)）]*[)）]\s*/g;
const WORD = /^(?:tasks?|タスク|任务|任務|задач[аи]|tareas?|tarefas?|aufgaben?|tâches?|작업)\s*#?/iu;
const RANGE = /^(\S+?)\s*(?:[-–—~〜～…]|\.\.\.?|から|to|bis|до)\s*(\S+)$/u;
const FOREIGN = /^[^\s/]{1,100}\/\S{1,100}$/u;

const bare = (part: string): string =>
  part
    .replaceAll(NOTE, ' ')
    .replaceAll(/[`"'*[\]]/g, '')
    .trim()
    .replace(WORD, '')
    .replace(/[.。:：]+$/, '')
    .normalize('NFKC')
    .trim();

/** One written id; `null` for one that does not exist. */
export const referenceTo = (written: string, { byId }: Directory): number | null => {
  const exact = byId.get(written.trim());
  if (exact !== undefined) return exact;
  return written.length > 400 ? null : (byId.get(bare(written)) ?? null);
};

const rangeOf = (written: string, directory: Directory): readonly number[] | null => {
  const match = RANGE.exec(bare(written));
  if (match === null) return null;
  const from = referenceTo(match[1] ?? '', directory);
  const to = referenceTo(match[2] ?? '', directory);
  if (from === null || to === null) return null;
  return directory.range(from, to);
};

/** `1.1, 1.3-1.5 and Task 2 (types)`; `none` in any known language is an empty list. */
export const referencesIn = (text: string, directory: Directory): Referred => {
  const nodes = new Set<number>();
  const foreign: string[] = [];
  const unknown: string[] = [];
  // A comma inside a note parts nothing.
  for (const part of text.replaceAll(NOTE, ' ').split(SEPARATOR)) {
    const written = part.trim();
    if (isNothing(written)) continue;
    const found = referenceTo(written, directory);
    const range = found === null && written.length < 200 ? rangeOf(written, directory) : null;
    if (found !== null) nodes.add(found);
    else if (range !== null) for (const node of range) nodes.add(node);
    else if (FOREIGN.test(written)) foreign.push(written);
    else unknown.push(written);
  }
  return { nodes: [...nodes], foreign, unknown };
};
