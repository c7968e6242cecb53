import { EVENT_ID, type Event } from 'js-yaml';

interface Weight {
  /** Nodes, with every alias counted as a copy of what it stands for. */
  size: number;
  /** Levels of nesting, likewise. */
  depth: number;
}

const OPEN = 'open';

/**
 * Whether a document stays within limits once every alias is read as a copy. A few lines of YAML can
 * stand for billions of values ("billion laughs"): they cost nothing until somebody walks them.
 *
 * @returns what is wrong with it, in one clause, or `null`
 */
export const aliasProblem = (
  source: string,
  events: readonly Event[],
  limits: { readonly nodes: number; readonly depth: number },
): string | null => {
  if (!events.some((event) => event.type === EVENT_ID.ALIAS)) return null;
  const anchors = new Map<string, Weight | typeof OPEN>();
  const frames: { anchor: string | null; weight: Weight }[] = [];

  const add = (weight: Weight): void => {
    const parent = frames.at(-1)?.weight;
    if (parent === undefined) return;
    parent.size += weight.size;
    parent.depth = Math.max(parent.depth, weight.depth + 1);
  };

  for (const event of events) {
    const anchor =
      'anchorStart' in event && event.anchorStart >= 0 ? source.slice(event.anchorStart, event.anchorEnd) : null;
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        if (anchor !== null) anchors.set(anchor, OPEN);
        frames.push({ anchor, weight: { size: 1, depth: 0 } });
        break;
      case EVENT_ID.SCALAR:
        if (anchor !== null) anchors.set(anchor, { size: 1, depth: 0 });
        add({ size: 1, depth: 0 });
        break;
      case EVENT_ID.ALIAS: {
        const target = anchors.get(anchor ?? '');
        if (target === OPEN) return `the alias *${anchor ?? ''} stands inside what it stands for`;
        // An unknown alias is the constructor's to report, with its line.
        if (target !== undefined) add(target);
        break;
      }
      case EVENT_ID.POP: {
        const closed = frames.pop();
        if (closed === undefined) break;
        if (closed.anchor !== null) anchors.set(closed.anchor, closed.weight);
        if (closed.weight.size > limits.nodes) return 'its aliases stand for far too many values';
        if (closed.weight.depth > limits.depth) return 'its aliases are nested too deeply';
        add(closed.weight);
        break;
      }
    }
  }
  return null;
};
