import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/**
 * The tour: a plan of fifteen tasks that really build, test and pack a small calculator, run by the
 * command line just as a user would. Everything it makes is under `.dispatcher/tour`.
 */
const here = import.meta.dirname;
const root = join(here, '..', '..');
const tourDir = join(root, '.dispatcher', 'tour');
mkdirSync(tourDir, { recursive: true });

const args = ['run', 'examples/tour/plan.yaml', '-c', 'examples/tour/dispatcher.yaml', '--fresh'];
console.log(`$ dispatcher ${args.join(' ')}`);

const child = spawn(process.execPath, [join(root, 'src', 'cli', 'bin.js'), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    // The tasks call `node`: the one that runs this.
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    TOUR_DIR: tourDir,
    TOUR_PROGRAM: join(here, 'program'),
    TOUR_TSC: join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  },
});
// A terminal tells the child of Ctrl-C itself; a plain kill reaches only us.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => {
  if (code === 0) {
    console.log(`
What it built:    node .dispatcher/tour/workshop/installed/dist/calc.js "6 * 7"
The plan:         examples/tour/plan.yaml, and how it was run: examples/tour/dispatcher.yaml
Everything else:  npm run dispatcher -- --help, and README.md`);
  }
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
