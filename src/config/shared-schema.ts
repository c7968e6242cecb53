import { z } from 'zod';
import { linePattern } from '../domain/line-pattern/line-pattern.ts';
import { err, ok } from '../domain/result.ts';
import type { EnvironmentSource } from '../domain/secrets.ts';
import { count, duration, field, listOf, number, record, spelled, type Kind } from './field.ts';
import { CarriedComplaint, COMPLAINT } from './finding.ts';

const CODES = 'a list of exit codes; write [69, 75]';
const exitCode = number({ min: 1, max: 255, whole: true });

const pattern: Kind<string> = (value) => {
  if (typeof value !== 'string') return err({ kind: 'expected', what: 'a pattern as text' });
  const read = linePattern(value);
  return read.ok ? ok(value) : err({ kind: 'expected', what: read.error });
};

/** What a task, a pool and the dispatcher all say about trying again. `wrap` makes its numbers stricter or laxer. */
export const retrySchema = (wrap: <T>(kind: Kind<T>) => Kind<T>) =>
  record({
    max_attempts: field(wrap(count)).nullish(),
    initial_interval: field(duration).nullish(),
    backoff_base: field(wrap(number({ min: 1, max: 100 }))).nullish(),
    max_interval: field(duration).nullish(),
    jitter: field(wrap(number({ min: 0, max: 1 }))).nullish(),
    retryable_exit_codes: listOf(field(wrap(exitCode)), CODES).nullish(),
    permanent_exit_codes: listOf(field(wrap(exitCode)), CODES).nullish(),
    throttled_exit_codes: listOf(field(wrap(exitCode)), CODES).nullish(),
    retryable_output: field(pattern).nullish(),
    permanent_output: field(pattern).nullish(),
    throttled_output: field(pattern).nullish(),
  });

const COMMAND = 'a list of arguments; write ["sh", "-c", "…"] or one argument a line, each after "- "';

/** argv: no shell reads it, so that a single text is refused rather than split by guess. */
export const commandSchema = listOf(field(spelled('an argument as text')), COMMAND)
  .min(1, { error: () => COMMAND })
  .refine((argv) => argv[0] !== '', { error: () => 'the name of a program as first argument' });

const VALUE = 'text; write "" for an empty value';

const wrongName = (key: string): boolean => key === '' || /[=\p{Cc}]/u.test(key);

const variables = <T>(value: Kind<T>) =>
  z
    .record(z.string(), field(value), { error: () => 'a mapping from environment variables to their values' })
    .superRefine((env, context) => {
      for (const key of Object.keys(env)) {
        if (!wrongName(key)) continue;
        const message = 'the name of an environment variable has an "=" or control character, or is empty; rename it';
        const carried = new CarriedComplaint({ kind: 'said', message });
        context.addIssue({ code: 'custom', path: [key], params: { [COMPLAINT]: carried } });
      }
    });

/** Variables by name; the characters are those that `execve` and every shell can do with. */
export const environmentSchema = variables(spelled(VALUE));

const NAMED = `${VALUE}, or {from_env: NAME}, or {from_file: /absolute/path}`;

/** A value, or where it is found at each launch. */
const valueOrSource: Kind<string | EnvironmentSource> = (value) => {
  if (typeof value !== 'object' || value === null) return spelled(VALUE)(value);
  const [[key, place] = [], ...others] = Object.entries(value);
  if (others.length > 0 || typeof place !== 'string' || place.includes('\0')) return err({ kind: 'expected', what: NAMED });
  if (key === 'from_env' && !wrongName(place)) return ok({ kind: 'env', name: place });
  if (key === 'from_file' && place.startsWith('/')) return ok({ kind: 'file', path: place });
  return err({ kind: 'expected', what: NAMED });
};

/** As a task has them: a secret is named by `from_env` or `from_file`, and stays out of the registry. */
export const taskEnvironmentSchema = variables(valueOrSource);
