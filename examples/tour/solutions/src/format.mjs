/** Binary fractions carry about 16 digits; the last few are noise of the calculation. */
const DIGITS = 12;

/** A number as people write it: 0.3, not 0.30000000000000004. */
export const format = (value) => {
  if (!Number.isFinite(value)) throw new RangeError('the answer is too large, or not a number');
  return String(Number(value.toPrecision(DIGITS)));
};
