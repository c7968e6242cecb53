/**
 * The house check, then Node's own test runner over the suites that need nothing but this tree; or that
 * runner alone over the files named as arguments. A folder of `test/e2e` with a `prepare` script needs an
 * engine and is run by `.ci/run`.
 *
 * With `TEST_TALLY` set to a path, the counts are written there, too (see tally.mjs).
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

const needsEngine = (file: string): boolean => {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    if (existsSync(join(root, folder, 'prepare'))) return true;
  }
  return false;
};

const quickSuites = (): readonly string[] =>
  globSync('test/{unit,property,model,conformance,simulation,e2e}/**/*.test.ts', { cwd: root })
    .filter((file) => !needsEngine(file))
    .toSorted();

const reporters = (tally: string | undefined): readonly string[] => [
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  ...(tally === undefined
    ? []
    : [`--test-reporter=${join(root, 'config/tools/tally.mjs')}`, `--test-reporter-destination=${tally}`]),
];

/** Runs a program of Node in the root of this tree, passes signals on to it, and tells its exit code. */
const run = async (args: readonly string[]): Promise<number> => {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(root, 'node_modules/.cache/node-compile'),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
};

const runTests = (files: readonly string[]): Promise<number> =>
  run([
    // XState warns of missing actions and guards under this condition only.
    '--conditions=development',
    '--test',
    `--test-concurrency=${availableParallelism()}`,
    '--test-timeout=300000',
    ...reporters(process.env['TEST_TALLY']),
    ...files,
  ]);

const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : quickSuites();
// The tests run also when the check fails: both are worth knowing.
const checked = asked.length > 0 ? 0 : await run([join(root, 'config/tools/check.ts')]);

if (files.length === 0) {
  process.stderr.write('test: found no file test/**/*.test.ts; nothing was tested\n');
  process.exitCode = 1;
} else {
  process.exitCode = (await runTests(files)) || checked;
}
