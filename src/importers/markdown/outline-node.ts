import type { WrittenBox } from './box.ts';
import { Details } from './details.ts';

/** Deeper than anything that is meant to be read by a person. */
export const MAX_DEPTH = 50;

/** A box, or a heading with a number that boxes belong to: what becomes a task. */
export interface OutlineNode {
  readonly box: WrittenBox | null;
  readonly line: number;
  readonly title: string;
  /** The number as written. */
  readonly written: string | null;
  /** A number without parts that begins anew below a parent: `1.` below `2.` is called `2.1`. */
  readonly isLocal: boolean;
  readonly parent: OutlineNode | null;
  readonly children: OutlineNode[];
  readonly depth: number;
  readonly details: Details;
  /** Texts of the headings above it, without the title of the document and the one over the tasks. */
  readonly headings: readonly string[];
}

type Parts = Omit<OutlineNode, 'children' | 'depth' | 'details'> & { readonly indent: number };

export const outlineNode = ({ indent, ...parts }: Parts): OutlineNode => {
  const node = { ...parts, children: [], depth: (parts.parent?.depth ?? 0) + 1, details: new Details(indent) };
  parts.parent?.children.push(node);
  return node;
};
