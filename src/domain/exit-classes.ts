import { linePattern, type LinePattern } from './line-pattern/line-pattern.ts';

/** What the end of an attempt means for the next one (R9). */
export const EXIT_CLASSES = ['retryable', 'permanent', 'throttled'] as const;
export type ExitClass = (typeof EXIT_CLASSES)[number];

/**
 * How failed ends are classed, where the runner wrote no result: by what it wrote as output, else by its
 * exit code. Members that are absent say nothing. Patterns are as {@link linePattern} knows them.
 */
export interface ExitRules {
  readonly retryableExitCodes?: readonly number[];
  readonly permanentExitCodes?: readonly number[];
  readonly throttledExitCodes?: readonly number[];
  readonly retryableOutput?: string;
  readonly permanentOutput?: string;
  readonly throttledOutput?: string;
}

/** `null`s as in the end that an engine reports. */
interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A class, and by what an end came into it: one line. */
export interface ExitVerdict {
  readonly kind: ExitClass;
  readonly by: string;
}

/** Of the log's end, bytes that are looked at, and of each line in it the first characters. */
export const OUTPUT_LOOKED_AT = 64 * 1024;
const LINE_LOOKED_AT = 1024;
const LINE_SHOWN = 200;

/** In doubt: what asks to be left alone is not hammered, and what was forbidden is not tried again. */
const ORDER = ['throttled', 'permanent', 'retryable'] as const satisfies readonly ExitClass[];

const CODES = {
  throttled: 'throttledExitCodes',
  permanent: 'permanentExitCodes',
  retryable: 'retryableExitCodes',
} as const satisfies Readonly<Record<ExitClass, keyof ExitRules>>;

const PATTERNS = {
  throttled: 'throttledOutput',
  permanent: 'permanentOutput',
  retryable: 'retryableOutput',
} as const satisfies Readonly<Record<ExitClass, keyof ExitRules>>;

export const looksAtOutput = (rules: ExitRules): boolean => ORDER.some((kind) => rules[PATTERNS[kind]] !== undefined);

const byCode = (rules: ExitRules, { exitCode, signal }: Ended): ExitVerdict | null => {
  if (exitCode === null || signal !== null) return null;
  const kind = ORDER.find((one) => rules[CODES[one]]?.includes(exitCode));
  return kind === undefined ? null : { kind, by: `exit code ${exitCode} (${CODES[kind].replace('ExitCodes', '_exit_codes')})` };
};

const patternOf = (rules: ExitRules, kind: ExitClass): LinePattern | null => {
  const source = rules[PATTERNS[kind]];
  if (source === undefined) return null;
  const read = linePattern(source, true);
  // The border has seen to it that it can be read.
  return read.ok ? read.value : null;
};

const byOutput = (rules: ExitRules, output: string): ExitVerdict | null => {
  const lines = output.split('\n').map((line) => line.slice(0, LINE_LOOKED_AT));
  for (const kind of ORDER) {
    const pattern = patternOf(rules, kind);
    const line = pattern === null ? undefined : lines.findLast((one) => pattern.matches(one));
    if (line !== undefined) return { kind, by: `output ${JSON.stringify(line.trim().slice(0, LINE_SHOWN))} (${kind}_output)` };
  }
  return null;
};

/**
 * The class of an end that the runner wrote no result about; `null`: nothing is said of it. What ended
 * well is in none, for then it needs no other try.
 *
 * @param output the end of its log, the last {@link OUTPUT_LOOKED_AT} bytes; `null` where nobody looked
 */
export const classOf = (rules: ExitRules, exit: Ended, output: string | null): ExitVerdict | null => {
  if (exit.exitCode === 0 && exit.signal === null) return null;
  return (output === null ? null : byOutput(rules, output)) ?? byCode(rules, exit);
};
