import { takeNumber } from './box-text.ts';
import { boxOf, isBullet, isNearlyBox, type WrittenBox } from './box.ts';
import type { Block } from './blocks.ts';
import type { Line } from './lines.ts';
import { isTasksHeading } from './words.ts';

/** A line with what it means for the outline. */
export type Item =
  | { readonly kind: 'box'; readonly line: Line; readonly box: WrittenBox }
  | { readonly kind: 'heading'; readonly line: Line; readonly heading: Heading }
  | { readonly kind: 'bullet' | 'nearly' | 'text' | 'blank' | 'rule'; readonly line: Line }
  | { readonly kind: 'opaque'; readonly line: Line; readonly of: Extract<Block, { kind: 'opaque' }>['of'] };

export interface Heading {
  readonly level: number;
  readonly title: string;
  /** `1` of `## 1. Set up` and of `### Task 1: Set up`. */
  readonly number: { readonly id: string; readonly title: string } | null;
  readonly isTasks: boolean;
}

const RULE = /^[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;

const headingOf = (level: number, title: string): Heading => {
  const found = takeNumber(title.replaceAll('**', ''), null);
  const number = found === null ? null : { id: found.id, title: found.rest.replace(/^[-–—:：\s]+/, '').trim() || found.id };
  return { level, title, number, isTasks: isTasksHeading(title) };
};

/** Reads each line for itself; only bare numbers (`1 Set up`, `2 Build`) need to know what came before. */
export const itemsOf = (blocks: readonly Block[]): readonly Item[] => {
  let nextBare = 1;
  return blocks.map((block): Item => {
    const { line } = block;
    if (block.kind === 'opaque') return { kind: 'opaque', line, of: block.of };
    if (block.kind === 'heading') return { kind: 'heading', line, heading: headingOf(block.level, block.title) };
    if (line.isBlank) return { kind: 'blank', line };
    const box = boxOf(line, nextBare);
    if (box !== null) {
      if (box.id === String(nextBare)) nextBare += 1;
      return { kind: 'box', line, box };
    }
    if (isNearlyBox(line)) return { kind: 'nearly', line };
    if (RULE.test(line.text)) return { kind: 'rule', line };
    return { kind: isBullet(line) ? 'bullet' : 'text', line };
  });
};

/** For each item whether it stands in a section `## Tasks`; `null` where there is none, or none with a box. */
export const tasksSections = (items: readonly Item[]): readonly boolean[] | null => {
  let level: number | null = null;
  let found = false;
  const inside = items.map((item) => {
    if (item.kind === 'heading') {
      const { heading } = item;
      if (level === null || heading.level <= level) level = heading.isTasks ? heading.level : null;
      return false;
    }
    if (item.kind === 'box' && level !== null) found = true;
    return level !== null;
  });
  return found ? inside : null;
};

/**
 * Headings whose number is that of the boxes below them: `## 1. Set up` over `- [ ] 1.1 …`, or over
 * boxes without numbers. Where a box has the number itself, the heading is only a heading.
 */
export const groupHeadings = (items: readonly Item[], counts: (index: number) => boolean): ReadonlySet<Heading> => {
  const boxed = new Set<string>();
  const above: { readonly heading: Heading; boxes: number; numbered: number; fitting: number }[] = [];
  const seen: (typeof above)[number][] = [];
  for (const [i, item] of items.entries()) {
    if (item.kind === 'heading') {
      while ((above.at(-1)?.heading.level ?? 0) >= item.heading.level) above.pop();
      const entry = { heading: item.heading, boxes: 0, numbered: 0, fitting: 0 };
      above.push(entry);
      seen.push(entry);
    } else if (item.kind === 'box' && counts(i)) {
      const { id } = item.box;
      if (id !== null) boxed.add(id);
      for (const entry of above) {
        entry.boxes += 1;
        if (id !== null) entry.numbered += 1;
        if (id !== null && entry.heading.number !== null && id.startsWith(`${entry.heading.number.id}.`)) entry.fitting += 1;
      }
    }
  }
  const groups = new Set<Heading>();
  const taken = new Set<string>();
  for (const { heading, boxes, numbered, fitting } of seen) {
    const id = heading.number?.id;
    if (id === undefined || boxed.has(id) || taken.has(id)) continue;
    if (fitting === 0 && (boxes === 0 || numbered > 0)) continue;
    taken.add(id);
    groups.add(heading);
  }
  return groups;
};
