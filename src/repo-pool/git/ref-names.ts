import { createHash } from 'node:crypto';
import { shortRegistryId, type RegistryId, type SpecName, type TaskId } from '../../domain/ids.ts';

/** A name in a reference lies in a file of its own, with `.lock` after it while it is written: 255 bytes at most on Linux. */
const MAX_BYTES = 200;
const SHORTENED_CHARACTERS = 40;

/** Letters and digits of any script, marks that belong to them, and what no tool takes for something else. */
const PLAIN = /^[\p{L}\p{N}\p{M}_.@-]$/u;

const percent = (text: string): string =>
  [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/**
 * One part of a reference's name for any text: reversible, and different for different texts. What
 * git-check-ref-format(1) forbids is percent-encoded as in URLs, and so is the slash, or else the
 * branches of the tasks `a` and `a/b` could not exist together. What would be too long for a file's
 * name ends in a hash instead, behind `%-`, which no encoding yields.
 *
 * @example refPart('1.2') // "1.2"
 * @example refPart('a.lock') // "a%2Elock"
 */
export const refPart = (text: string): string => {
  const encoded = Array.from(text, (char) => (PLAIN.test(char) ? char : percent(char))).join('');
  const part = encoded
    .replace(/^\./, '%2E')
    .replaceAll(/\.(?=\.)/g, '%2E')
    .replace(/\.$/, '%2E')
    .replace(/\.(?=lock$)/, '%2E');
  if (Buffer.byteLength(part) <= MAX_BYTES) return part;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
  const start = Array.from(text).filter((char) => PLAIN.test(char) && char !== '.').slice(0, SHORTENED_CHARACTERS);
  return `${start.join('')}%-${hash}`;
};

/** An attempt at a task, as branches and salvage are named by it. */
export interface AttemptName {
  readonly spec: SpecName | string;
  readonly id: TaskId | string;
  readonly attempt: number;
}

const attemptPath = ({ spec, id, attempt }: AttemptName): string => `${refPart(spec)}/${refPart(id)}/${attempt}`;

/**
 * Names for the branch of an attempt, the best first: the plain one, and, where that is taken by an
 * earlier registry's, or `task` is itself a branch, those that have this registry's short UUID.
 */
export const branchNames = (name: AttemptName, registry: RegistryId): readonly string[] => {
  const short = shortRegistryId(registry);
  const path = attemptPath(name);
  return [`task/${path}`, `task/${path}-${short}`, `task-${short}/${path}`];
};

export const SALVAGE = 'refs/salvage/';

/** Where an attempt's work is kept. */
export const salvageRef = (name: AttemptName): string => `${SALVAGE}${attemptPath(name)}`;
