const divisor = (value) => {
  if (value === 0) throw new RangeError('division by zero');
  return value;
};

/** How tightly each binds, to which side, and what it does. */
export const OPERATORS = new Map([
  ['+', { binding: 1, toTheRight: false, apply: (a, b) => a + b }],
  ['-', { binding: 1, toTheRight: false, apply: (a, b) => a - b }],
  ['*', { binding: 2, toTheRight: false, apply: (a, b) => a * b }],
  ['/', { binding: 2, toTheRight: false, apply: (a, b) => a / divisor(b) }],
  ['%', { binding: 2, toTheRight: false, apply: (a, b) => a % divisor(b) }],
  ['^', { binding: 3, toTheRight: true, apply: (a, b) => a ** b }],
]);
