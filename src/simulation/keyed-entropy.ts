import type { Entropy } from '../ports/entropy.ts';

const ROTATE = 15;

/** One 32-bit half of the hash: MurmurHash3's mixing over 16-bit units. */
const hash32 = (text: string, seed: number): number => {
  let hash = seed | 0;
  for (let i = 0; i < text.length; i += 1) {
    let block = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    block = (block << ROTATE) | (block >>> (32 - ROTATE));
    hash ^= Math.imul(block, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

/** Uniform in [0, 1), the same for the same seed and key, on every machine and in every version of Node. */
export const drawOf = (seed: number, key: string): number => {
  const high = hash32(key, seed) >>> 5;
  const low = hash32(key, Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
};

/**
 * Luck that comes from a seed. Each draw is keyed by what it decides, so that a draw more or less, or
 * a task that is taken out of a plan, leaves the others' luck alone.
 *
 * @see https://github.com/aappleby/smhasher/wiki/MurmurHash3 for the hash
 */
export class KeyedEntropy implements Entropy {
  readonly #seed: number;

  /** @param seed a whole number; its lower 32 bits count */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  draw(key: string): number {
    return drawOf(this.#seed, key);
  }

  /** A whole number from `low` to `high`, both included. */
  whole(key: string, low: number, high: number): number {
    return low + Math.floor(this.draw(key) * (high - low + 1));
  }

  chance(key: string, probability: number): boolean {
    return probability > 0 && this.draw(key) < probability;
  }

  pick<T>(key: string, choices: readonly [T, ...T[]]): T {
    return choices[this.whole(key, 0, choices.length - 1)] ?? choices[0];
  }
}
