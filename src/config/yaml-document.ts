import { constructFromEvents, EVENT_ID, parseEvents, YAMLException, type Event } from 'js-yaml';
import { err, ok, type Result } from '../domain/result.ts';
import { aliasProblem } from './alias-weight.ts';
import { legible, type InputError } from './input-error.ts';
import { DOCUMENT_SCHEMA } from './yaml-schema.ts';

/** One YAML or JSON document, with what is needed to say where in its text a value stands. */
export interface YamlDocument {
  readonly file: string;
  readonly text: string;
  readonly events: readonly Event[];
  /** Plain data: text, numbers, booleans, null, lists, objects. `undefined` when there is nothing at all. */
  readonly value: unknown;
}

/** Deeper than anything that is meant to be read by a person. */
const MAX_DEPTH = 60;

/**
 * The most values a document may hold: 100,000 tasks of 30 each. A value costs some 200 bytes while
 * it is read, so that dense garbage of a few megabytes would otherwise take gigabytes.
 */
const MAX_VALUES = 3_000_000;

class TooManyValues extends Error {}

/**
 * The parser's depth limit, which counts how often it is asked for. js-yaml has no limit of its own
 * on the size of a document, nor a way to stop it; but it compares its depth with this before each
 * value. The test of dense garbage fails should a later version stop doing so.
 */
const countingDepthLimit = (): number => {
  let values = 0;
  const limit = {
    valueOf: (): number => {
      values += 1;
      if (values > MAX_VALUES) throw new TooManyValues();
      return MAX_DEPTH;
    },
  };
  return limit as unknown as number;
};

/** Items of a block list without content do not pass the depth limit: counted here. */
const hasTooManyDashes = (text: string): boolean => {
  if (text.length <= 2 * MAX_VALUES) return false;
  const dash = /^[ \t]*-[ \t\r\n]/gm;
  let count = 0;
  while (count <= MAX_VALUES && dash.test(text)) count += 1;
  return count > MAX_VALUES;
};

const MENDS: readonly (readonly [RegExp, string])[] = [
  [/tab char/, 'indent with spaces'],
  [/indentation|mapping entry/, 'let the keys of one mapping start in the same column'],
  [/null byte/, 'check that it is a text file'],
  [/maxDepth/, `expected at most ${MAX_DEPTH} levels; make it flatter`],
  [/unidentified alias/, 'define it with & before, or put a text that starts with * in quotes'],
  [/unknown .* tag/, 'leave the tag out, or put a text that starts with ! in quotes'],
  [/flow collection|document separator/, 'check that brackets and quotes are closed, and quote text with : or #'],
];

/** What js-yaml calls its own options, said for one who never saw them. */
const inOtherWords = (reason: string): string =>
  reason.startsWith('nesting exceeded') ? 'lists and mappings are nested too deeply' : reason;

const syntaxError = (file: string, error: YAMLException): InputError => {
  const line = error.mark === undefined ? null : error.mark.line + 1;
  if (error.reason.startsWith('the key ') || error.reason.startsWith('a key ')) {
    return { file, line, path: '', message: error.reason };
  }
  const mend = MENDS.find(([pattern]) => pattern.test(error.reason))?.[1] ?? 'check quotes and indentation here';
  const column = error.mark === undefined ? '' : ` (column ${error.mark.column + 1})`;
  const message = `not valid YAML or JSON: ${legible(inOtherWords(error.reason), 200)}${column}; ${mend}`;
  return { file, line, path: '', message };
};

/**
 * Reads one document of YAML or JSON, which is a part of YAML 1.2. Bounded in memory and time by
 * the length of the text; aliases are allowed, but not to multiply.
 *
 * @param file what to call it in errors
 */
export const parseYamlDocument = (text: string, file: string): Result<YamlDocument, InputError> => {
  const whole = (message: string): Result<never, InputError> => err({ file, line: null, path: '', message });
  try {
    if (hasTooManyDashes(text)) throw new TooManyValues();
    const events = parseEvents(text, { maxDepth: countingDepthLimit() });
    const documents = events.reduce((count, event) => count + (event.type === EVENT_ID.DOCUMENT ? 1 : 0), 0);
    if (documents > 1) return whole(`has ${documents} documents; expected one; split it at the lines "---"`);
    const problem = aliasProblem(text, events, { nodes: MAX_VALUES, depth: MAX_DEPTH });
    if (problem !== null) return whole(`${problem}; expected plain YAML; write the values out`);
    const [value] = constructFromEvents(events, { source: text, schema: DOCUMENT_SCHEMA });
    return ok({ file, text, events, value });
  } catch (error) {
    if (error instanceof YAMLException) return err(syntaxError(file, error));
    if (error instanceof TooManyValues) {
      return whole('has more than 3,000,000 values; expected fewer; split it, or check the name');
    }
    throw error;
  }
};
