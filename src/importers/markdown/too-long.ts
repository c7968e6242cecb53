import type { PlanRefusal } from './plan.ts';

/** Far more than anybody can read, and little enough for every machine: a box costs some 4 KB while it is read. */
const MAX_BOXES = 250_000;
const MAX_LINES = 2_000_000;
const LONGEST_LINE = 1_000_000;

const LINE_FEED = 10;
const RETURN = 13;
const OPEN = 91;

const refusal = (line: number | null, message: string): PlanRefusal => ({ line, message: `${message}; split it, or check the name` });

/** Whether a text is too much to be read; found out in one pass, before anything is made of it. */
export const tooLong = (text: string): PlanRefusal | null => {
  let lines = 1;
  let boxes = 0;
  let start = 0;
  let hasBox = false;
  for (let i = 0; i <= text.length; i += 1) {
    const char = i === text.length ? LINE_FEED : text.charCodeAt(i);
    // A line counts once, however many brackets are in it.
    if (char === OPEN && !hasBox) {
      hasBox = text[i + 2] === ']';
      if (hasBox) boxes += 1;
    } else if (char === LINE_FEED || char === RETURN) {
      if (i - start > LONGEST_LINE) return refusal(lines, 'has more than 1,000,000 characters; expected a shorter line');
      lines += 1;
      start = i + 1;
      hasBox = false;
    }
  }
  if (lines > MAX_LINES) return refusal(null, 'has more than 2,000,000 lines; expected fewer');
  return boxes > MAX_BOXES ? refusal(null, 'has more than 250,000 boxes; expected fewer') : null;
};
