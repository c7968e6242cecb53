import { z } from 'zod';
import { parseCpu, parseDuration, parseMemory } from '../domain/quantities.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { CarriedComplaint, COMPLAINT, type Complaint } from './finding.ts';

/** Reads one scalar; the error says what was expected of it. */
export type Kind<T> = (value: unknown) => Result<T, Complaint>;

const expected = (what: string, mend?: string): Result<never, Complaint> =>
  err(mend === undefined ? { kind: 'expected', what } : { kind: 'expected', what, mend });

/** A kind as a zod schema. A value that is not there is given to the kind as `undefined`. */
export const field = <T>(kind: Kind<T>): z.ZodPipe<z.ZodUnknown, z.ZodTransform<T>> =>
  z.unknown().transform((value, context): T => {
    const read = kind(value);
    if (read.ok) return read.value;
    context.addIssue({ code: 'custom', params: { [COMPLAINT]: new CarriedComplaint(read.error) } });
    return z.NEVER;
  });

/** A mapping with these keys and no others. `what` names it: `a mapping with name and tasks`. */
export const record = <Shape extends z.ZodRawShape>(shape: Shape, what = 'a mapping') => {
  const known = Object.keys(shape);
  const stranger = field<unknown>(() => err({ kind: 'unknownKey', known }));
  return z.object(shape, { error: () => what }).catchall(stranger);
};

/** A mapping from names chosen by the user. */
export const mapOf = <T extends z.ZodType>(value: T, what: string): z.ZodRecord<z.ZodString, T> =>
  z.record(z.string(), value, { error: () => what });

export const listOf = <T extends z.ZodType>(item: T, what: string): z.ZodArray<T> =>
  z.array(item, { error: () => what });

export const text =
  (what = 'text'): Kind<string> =>
  (value) =>
    typeof value === 'string' && !value.includes('\0') ? ok(value) : expected(what);

/**
 * Text that nobody compares with anything (a title, an argument): numbers and booleans are taken as
 * they are written, which {@link keepSpelling} has seen to.
 */
export const spelled =
  (what: string): Kind<string> =>
  (value) =>
    typeof value === 'number' || typeof value === 'boolean' ? ok(String(value)) : text(what)(value);

export const flag: Kind<boolean> = (value) => (typeof value === 'boolean' ? ok(value) : expected('true or false'));

interface Bounds {
  readonly min: number;
  readonly max?: number;
  readonly whole?: boolean;
}

const boundsText = ({ min, max, whole }: Bounds): string => {
  const noun = whole === true ? 'a whole number' : 'a number';
  return max === undefined ? `${noun} of at least ${min}` : `${noun} from ${min} to ${max}`;
};

/** A number in bounds. */
export const number =
  (bounds: Bounds): Kind<number> =>
  (value) => {
    const fits =
      typeof value === 'number' &&
      Number.isFinite(value) &&
      value >= bounds.min &&
      value <= (bounds.max ?? Number.MAX_SAFE_INTEGER) &&
      (bounds.whole !== true || Number.isSafeInteger(value));
    return fits ? ok(value) : expected(boundsText(bounds));
  };

/**
 * Takes text that spells a number or boolean for one: what `${PORT:-7420}` expands to is text, and
 * inside `{ … }` it must be written in quotes.
 */
export const orText =
  <T>(kind: Kind<T>): Kind<T> =>
  (value) => {
    if (value === 'true' || value === 'false') return kind(value === 'true');
    return kind(typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value);
  };

/** Shared by everything that counts things: 1 and up. */
export const count: Kind<number> = number({ min: 1, max: 1_000_000, whole: true });

const quantity =
  (parse: (value: unknown) => Result<number, string>, minimum: number): Kind<number> =>
  (value) => {
    const read = parse(value);
    if (!read.ok) return expected(read.error);
    return read.value >= minimum ? read : expected('a duration of more than 0');
  };

/** Milliseconds. */
export const duration: Kind<number> = quantity(parseDuration, 0);
/** Milliseconds, at least one. */
export const positiveDuration: Kind<number> = quantity(parseDuration, 1);
/** MB. */
export const memory: Kind<number> = quantity(parseMemory, 0);
/** Cores. */
export const cpu: Kind<number> = quantity(parseCpu, 0);

export const oneOf =
  <const T extends string>(choices: readonly T[]): Kind<T> =>
  (value) => {
    const choice = choices.find((candidate) => candidate === value);
    return choice === undefined ? expected(`one of ${choices.join(', ')}`) : ok(choice);
  };

/** Longest name of anything. */
const MAX_NAME = 200;
/** Control, format and separator characters, except the plain space. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** What is wrong with a name of this kind, as a clause that says what was expected; `null` if it is fine. */
export const nameProblem = (name: string, mayHoldSlash: boolean): string | null => {
  if (name === '') return 'at least one character';
  if (name.length > MAX_NAME) return `at most ${MAX_NAME} characters`;
  if (name !== name.trim()) return 'no space at the start or end';
  if (NOT_IN_NAMES.test(name)) return 'visible characters only, on one line';
  if (!mayHoldSlash && name.includes('/')) return 'no "/", which parts the set from the id in "set/id"';
  if (name === '.' || name === '..') return 'a name other than "." and ".."';
  if (name.startsWith('/') || name.endsWith('/')) return 'no "/" at the start or end';
  return null;
};

/**
 * A name: 1 to 200 visible characters, inner spaces allowed. Anything that YAML reads as a number,
 * boolean or null is refused with the quotes it needs: 1.10 would become 1.1.
 *
 * @param noun what it names, for the message: `id`
 */
export const name =
  (noun: string, options: { readonly mayHoldSlash: boolean } = { mayHoldSlash: true }): Kind<string> =>
  (value) => {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
      return err({ kind: 'unquoted', noun, value });
    }
    if (typeof value !== 'string') return expected(`${noun} as text`);
    const problem = nameProblem(value, options.mayHoldSlash);
    return problem === null ? ok(value) : expected(`${noun} with ${problem}`);
  };
