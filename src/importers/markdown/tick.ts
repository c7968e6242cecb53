import { err, ok, type Result } from '../../domain/result.ts';
import type { PlanBox } from './plan.ts';
import { readBoxes } from './read-plan.ts';

/** What a box is to show: done, in progress, or, after it was in progress, open again. */
export type BoxByte = 'x' | '-' | ' ';

export interface Ticked {
  /** The text with other bytes in some boxes; the one given when nothing had to be changed. */
  readonly bytes: Uint8Array;
  /** Ids whose box shows what it is to show, now or already. */
  readonly settled: readonly string[];
  /** Ids whose box could not be told for certain; nothing was written for them. */
  readonly uncertain: readonly string[];
}

const [LINE_FEED, RETURN, OPEN, CLOSE] = [0x0a, 0x0d, 0x5b, 0x5d];
const BOM = [0xef, 0xbb, 0xbf];

/** Where each line begins. */
const lineStarts = (bytes: Uint8Array, from: number): readonly number[] => {
  const starts = [from];
  for (let i = from; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === LINE_FEED || (byte === RETURN && bytes[i + 1] !== LINE_FEED)) starts.push(i + 1);
  }
  return starts;
};

/** Boxes by a name that only one of them has. */
const unique = (boxes: readonly PlanBox[], nameOf: (box: PlanBox) => string): ReadonlyMap<string, PlanBox> => {
  const found = new Map<string, PlanBox | null>();
  for (const box of boxes) {
    const name = nameOf(box);
    found.set(name, found.has(name) ? null : box);
  }
  return new Map([...found].flatMap(([name, box]) => (box === null ? [] : [[name, box] as const])));
};

const shortName = ({ written, title }: PlanBox): string => JSON.stringify([written, title]);
const longName = ({ written, title, below }: PlanBox): string => JSON.stringify([written, title, below]);

/** Finds a box of an earlier reading again; `null` unless it can be no other. */
const finder = (before: readonly PlanBox[], now: readonly PlanBox[]): ((id: string) => PlanBox | null) => {
  const byId = new Map(before.map((box) => [box.id, box]));
  const lookups = [shortName, longName].map((nameOf) => ({ nameOf, earlier: unique(before, nameOf), here: unique(now, nameOf) }));
  return (id) => {
    const box = byId.get(id);
    if (box === undefined) return null;
    for (const { nameOf, earlier, here } of lookups) {
      const name = nameOf(box);
      const found = earlier.has(name) ? here.get(name) : undefined;
      if (found !== undefined) return found;
    }
    return null;
  };
};

/** A tick is never taken back, and only what was in progress becomes open. */
const mayBecome = (now: string, wish: BoxByte): boolean => {
  if (wish === 'x') return now === ' ' || now === '-' || now === '~';
  return wish === '-' ? now === ' ' || now === '~' : now === '-';
};

/**
 * Writes into the boxes of a plan, and changes nothing but the one byte in each. A box is known by its
 * number and title, which must be those of one box only, then and now; else nothing is written for it.
 *
 * @param bytes the text as it is now, perhaps edited since `known` was read
 * @returns an error, one clause, when it is no text in UTF-8 any more
 */
export const tickBoxes = (
  bytes: Uint8Array,
  known: readonly PlanBox[],
  wishes: ReadonlyMap<string, BoxByte>,
): Result<Ticked, string> => {
  const from = BOM.every((byte, i) => bytes[i] === byte) ? BOM.length : 0;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(from));
  } catch {
    return err('is not text in UTF-8 any more');
  }
  const find = finder(known, readBoxes(text));
  const starts = lineStarts(bytes, from);
  const settled: string[] = [];
  const uncertain: string[] = [];
  let changed: Uint8Array | null = null;
  for (const [id, wish] of wishes) {
    const box = find(id);
    const at = box === null ? -1 : (starts[box.line - 1] ?? bytes.length) + box.column;
    if (bytes[at - 1] !== OPEN || bytes[at + 1] !== CLOSE) {
      uncertain.push(id);
      continue;
    }
    settled.push(id);
    if (!mayBecome(String.fromCharCode(bytes[at] ?? 0), wish)) continue;
    changed ??= Uint8Array.from(bytes);
    changed[at] = wish.charCodeAt(0);
  }
  return ok({ bytes: changed ?? bytes, settled, uncertain });
};
