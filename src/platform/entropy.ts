import { randomBytes } from 'node:crypto';
import type { Entropy } from '../ports/entropy.ts';

const DRAWS_PER_REFILL = 512;
const BYTES_PER_DRAW = 6;

/** True luck, from the kernel by way of `node:crypto`. Keys mean nothing to it: no draw can be repeated. */
export const systemEntropy = (): Entropy => {
  let pool = Buffer.alloc(0);
  let used = 0;
  return {
    draw: () => {
      if (used >= pool.length) {
        pool = randomBytes(DRAWS_PER_REFILL * BYTES_PER_DRAW);
        used = 0;
      }
      const draw = pool.readUIntBE(used, BYTES_PER_DRAW) / 2 ** (8 * BYTES_PER_DRAW);
      used += BYTES_PER_DRAW;
      return draw;
    },
  };
};
