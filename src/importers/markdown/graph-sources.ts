import type { Block, Blocks, Fence } from './blocks.ts';
import { isGraphHeading } from './words.ts';

/** A piece of the document that may hold the dependency graph. */
export interface GraphSource {
  /** Where it begins. */
  readonly line: number;
  readonly language: string;
  readonly content: readonly { readonly number: number; readonly text: string }[];
}

/** For each line of the text whether it stands below a heading for the graph. */
const graphLines = (blocks: readonly Block[]): ReadonlySet<number> => {
  const lines = new Set<number>();
  let level: number | null = null;
  for (const block of blocks) {
    if (block.kind === 'heading') {
      if (isGraphHeading(block.title)) level ??= block.level;
      else if (level !== null && block.level <= level) level = null;
    } else if (level !== null) lines.add(block.line.number);
  }
  return lines;
};

/** JSON without a fence around it. */
const loose = (blocks: readonly Block[], inside: ReadonlySet<number>): readonly GraphSource[] => {
  const lines = blocks.filter((block) => block.kind === 'text' && inside.has(block.line.number)).map(({ line }) => line);
  const first = lines.findIndex(({ isBlank }) => !isBlank);
  const line = lines[first];
  return line !== undefined && /^\s*(?:\{|\[\s*[["{])/.test(line.text)
    ? [{ line: line.number, language: 'json', content: lines.slice(first) }]
    : [];
};

const isWaves = ({ language, content }: Fence): boolean =>
  language.startsWith('json') && content.slice(0, 20).some(({ text }) => /"waves"\s*:/.test(text));

/** Everything under a heading such as `## Task Dependency Graph`; without one, a JSON block with waves. */
export const graphSources = ({ blocks, fences }: Blocks): readonly GraphSource[] => {
  const inside = graphLines(blocks);
  const fenced = fences.filter((fence) => inside.has(fence.line)).map((fence): GraphSource => fence);
  if (fenced.length > 0) return fenced;
  const bare = loose(blocks, inside);
  return bare.length > 0 ? bare : fences.filter(isWaves);
};
