import pc from 'picocolors';

/** Exit codes of every command (spec: "Command line"). */
export const EXIT_OK = 0;
export const EXIT_UNFINISHED = 1;
export const EXIT_USAGE = 2;

type Colours = ReturnType<typeof pc.createColors>;

/** Colour only where a person reads on a terminal that has some, and has not said no (no-color.org). */
const coloursFor = (stream: NodeJS.WriteStream): Colours => {
  const { NO_COLOR, TERM } = process.env;
  // `isTTY` is not there at all on a file or a pipe, and of `undefined` the library makes a guess of its own.
  const isPlain = !stream.isTTY || (NO_COLOR ?? '') !== '' || TERM === 'dumb';
  return pc.createColors(!isPlain);
};

export const colours = coloursFor(process.stdout);
export const errorColours = coloursFor(process.stderr);

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** For `--json`: whole, whatever the terminal's width. */
export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

/** Says what went wrong, a line each, and returns the exit code for it. */
export const complain = (lines: string | readonly string[], code: number = EXIT_USAGE): number => {
  for (const line of typeof lines === 'string' ? [lines] : lines) {
    process.stderr.write(`${errorColours.red('error:')} ${line}\n`);
  }
  return code;
};

export const warn = (line: string): void => {
  process.stderr.write(`${errorColours.yellow('warning:')} ${line}\n`);
};
