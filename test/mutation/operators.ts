/** One small change that a test should notice. Offsets in characters of the file. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly original: string;
  readonly replacement: string;
}

interface Operator {
  readonly pattern: RegExp;
  readonly replace: (match: string) => string;
}

const swap = (a: string, b: string): readonly Operator[] => {
  const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return [
    { pattern: new RegExp(escaped(a), 'g'), replace: () => b },
    { pattern: new RegExp(escaped(b), 'g'), replace: () => a },
  ];
};

/**
 * Mechanical, as in the literature: conditions, boundaries, constants, and, for statecharts, a guard that is
 * not asked, an action that is left out and a message that is not heard.
 *
 * @see https://stryker-mutator.io/docs/mutation-testing-elements/supported-mutators/
 */
const OPERATORS: readonly Operator[] = [
  ...swap(' && ', ' || '),
  ...swap(' === ', ' !== '),
  ...swap(' <= ', ' < '),
  ...swap(' >= ', ' > '),
  ...swap('Math.min(', 'Math.max('),
  ...swap(' + 1', ' - 1'),
  { pattern: /\bguard: '\w+', /g, replace: () => '' },
  { pattern: /\bactions: \['\w+', /g, replace: () => 'actions: [' },
  { pattern: /\bactions: '\w+'/g, replace: () => 'actions: []' },
  { pattern: /\bentry: '\w+',/g, replace: () => '' },
  { pattern: /\breturn (?:true|false);/g, replace: (match) => (match.includes('true') ? 'return false;' : 'return true;') },
  { pattern: /\bif \(!/g, replace: () => 'if (' },
];

/** Lines that say nothing of what the program does. */
const SILENT = /^\s*(?:\*|\/\/|\/\*|import |export type |export interface |readonly |description:|type )/;

/** All that could be changed in one file, in the order in which it stands there. */
export const mutantsOf = (file: string, text: string): readonly Mutant[] => {
  const found: Mutant[] = [];
  let at = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (!SILENT.test(line)) {
      for (const { pattern, replace } of OPERATORS) {
        for (const match of line.matchAll(pattern)) {
          const [original] = match;
          const from = at + match.index;
          found.push({ file, line: index + 1, from, to: from + original.length, original, replacement: replace(original) });
        }
      }
    }
    at += line.length + 1;
  }
  return found;
};
