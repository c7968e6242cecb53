import type { Outcome } from './outcome.ts';

/** Where the value of a variable is found at each launch; only this, and never the value, is stored. */
export type EnvironmentSource =
  /** A variable of the dispatcher's own environment. */
  | { readonly kind: 'env'; readonly name: string }
  /** The first line of a file, by its absolute path. */
  | { readonly kind: 'file'; readonly path: string };

/** A value that nobody is to read, by the name that stands for it. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

const SECRET_NAME = /token|secret|passw|passphrase|credential|private|api_?key|_key$|^key$|_auth$/i;

/** Whether a variable of this name holds a secret, as far as one can tell. */
export const looksSecret = (name: string): boolean => SECRET_NAME.test(name);

/** Shorter ones are found in any text, and are guessed faster than they are read. */
const SHORTEST = 6;

export const secretsOf = (env: Readonly<Record<string, string>>): readonly Secret[] =>
  Object.entries(env).flatMap(([name, value]) => (looksSecret(name) && value.length >= SHORTEST ? [{ name, value }] : []));

/** The text with each secret's name in place of its value, also as JSON spells it. */
export const redacted = (text: string, secrets: readonly Secret[]): string => {
  let clean = text;
  for (const { name, value } of secrets) {
    const inJson = JSON.stringify(value).slice(1, -1);
    for (const spelling of new Set([value, inJson])) clean = clean.replaceAll(spelling, `[${name}]`);
  }
  return clean;
};

/** What a runner says of itself goes into registry, events and logs. */
export const redactedOutcome = (outcome: Outcome, secrets: readonly Secret[]): Outcome => {
  if (secrets.length === 0) return outcome;
  if (outcome.kind !== 'succeeded') return { ...outcome, reason: redacted(outcome.reason, secrets) };
  return outcome.summary === null ? outcome : { ...outcome, summary: redacted(outcome.summary, secrets) };
};
