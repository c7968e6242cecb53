import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { legible, quoted } from '../config/input-error.ts';
import { nearestName } from '../config/nearest-name.ts';
import { problem } from './problem.ts';
import { ACTOR_HEADER } from './request-header.ts';

/** What came in, or the answer that says what is wrong with it. */
export type Input<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly response: Response };

/** Bytes of a request that is no task set. */
const SMALL_BODY = 64 * 1024;

const refused = (c: Context, detail: string): { ok: false; response: Response } => ({
  ok: false,
  response: problem(c, 400, detail),
});

const detailOf = (where: string, error: z.ZodError, known: readonly string[]): string => {
  // A mistyped key explains the missing one.
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const nearest = nearestName(key, known);
    const mend = nearest === null ? `expected ${known.join(', ') || 'none'}` : `did you mean ${quoted(nearest)}?`;
    return `${where}: unknown key ${quoted(key)}; ${mend}`;
  }
  const path = issue?.path.join('.') ?? '';
  return `${where}${path === '' ? '' : ` ${legible(path)}`}: ${legible(issue?.message ?? 'invalid', 400)}`;
};

/** A query string through its schema. */
export const queryOf = <T extends z.ZodRawShape>(c: Context, schema: z.ZodObject<T, z.core.$strict>): Input<z.output<z.ZodObject<T>>> => {
  const parsed = schema.safeParse(c.req.query());
  if (parsed.success) return { ok: true, value: parsed.data };
  return refused(c, detailOf('query', parsed.error, Object.keys(schema.shape)));
};

/** A JSON body through its schema; no body at all is an empty object. */
export const bodyOf = async <T extends z.ZodRawShape>(
  c: Context,
  schema: z.ZodObject<T, z.core.$strict>,
): Promise<Input<z.output<z.ZodObject<T>>>> => {
  const text = await c.req.text();
  let json: unknown = {};
  try {
    if (text.trim() !== '') json = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unreadable';
    return refused(c, `the body is not JSON: ${legible(why, 200)}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  return refused(c, detailOf('body', parsed.error, Object.keys(schema.shape)));
};

export const smallBody = bodyLimit({
  maxSize: SMALL_BODY,
  onError: (c) => problem(c, 413, 'a body of at most 64 KiB is read here'),
});

/** One line of a person's own words. */
export const oneLine = z
  .string('expected a line of text')
  .trim()
  .min(1, 'expected a line of text, or no such key at all')
  .max(1000, 'expected at most 1000 characters')
  .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'expected one line of printable text');

const ACTOR = /^cli:[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,64}$/u;

/** Who asks, for the event: whoever has the token is believed. */
export const actorOf = (c: Context): string => {
  try {
    const said = decodeURIComponent(c.req.header(ACTOR_HEADER) ?? '');
    return ACTOR.test(said) ? said : 'api';
  } catch {
    return 'api';
  }
};
