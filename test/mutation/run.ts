/**
 * `npm run mutants [-- COUNT [FIRST]]`: changes machines and scheduling in one small place after another, in
 * a copy of this tree, and looks whether the tests notice. Prints the score and every survivor. Which places
 * does not change from run to run: FIRST goes on where an earlier run was stopped.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawOf } from '../../src/simulation/keyed-entropy.ts';
import { mutantsOf, type Mutant } from './operators.ts';

const root = join(import.meta.dirname, '..', '..');
const DEFAULT_COUNT = 80;
/** Longer than the tests take on a busy machine; a mutant that goes round in circles is noticed, too. ms */
const PATIENCE_MS = 900_000;

/** By where the change is: the suite in which most mutants die. */
const NEAREST: readonly (readonly [string, string])[] = [
  ['src/scheduling/', 'test/unit/scheduling/*.test.ts'],
  ['machines/runner/', 'test/unit/machines/runner.test.ts'],
  ['machines/agent-pool/', 'test/unit/machines/agent-pool.test.ts'],
  ['machines/dispatcher/', 'test/unit/machines/dispatcher.test.ts'],
  ['machines/event-', 'test/unit/machines/event-recorder.test.ts'],
  ['machines/task-monitor', 'test/unit/machines/task-monitor.test.ts'],
];

/** The quick ones first. */
const SUITES = [
  ['test/unit/scheduling/*.test.ts', 'test/unit/machines/*.test.ts'],
  ['test/property/scheduling-*.test.ts', 'test/model/*.test.ts'],
  ['test/simulation/plans.test.ts'],
];

const suitesFor = (file: string): readonly (readonly string[])[] => [
  ...NEAREST.filter(([start]) => file.startsWith(start)).map(([, suite]) => [suite]),
  ...SUITES,
];

const chosen = (count: number, first: number): readonly Mutant[] => {
  const files = globSync(['machines/**/*.ts', 'src/scheduling/*.ts'], { cwd: root }).toSorted();
  const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(root, file), 'utf8')));
  // The same ones each time, spread evenly.
  const order = ({ file, line, from }: Mutant): number => drawOf(1, `${file}:${line}:${from}`);
  console.log(`${all.length} places to change in ${files.length} files; tried are ${first} to ${Math.min(count, all.length)}`);
  return all.toSorted((a, b) => order(a) - order(b)).slice(first - 1, count);
};

const copyTree = (): string => {
  const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
  for (const entry of ['package.json', 'tsconfig.json', 'src', 'machines', 'test', 'config', '.git']) {
    cpSync(join(root, entry), join(copy, entry), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
};

/** Which suite noticed; `null`: none did. */
const noticedBy = (copy: string, suites: readonly (readonly string[])[]): string | null => {
  for (const suite of suites) {
    const files = globSync([...suite], { cwd: copy });
    const { status } = spawnSync(process.execPath, ['--conditions=development', '--test', '--test-reporter=dot', ...files], {
      cwd: copy,
      stdio: 'ignore',
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    if (status !== 0) return suite.join(' ');
  }
  return null;
};

const copy = copyTree();
const survivors: Mutant[] = [];
const first = Number(process.argv[3] ?? 1);
const mutants = chosen(Number(process.argv[2] ?? DEFAULT_COUNT), first);
try {
  const clean = noticedBy(copy, SUITES);
  if (clean !== null) throw new Error(`the tests fail without a mutant: ${clean}`);
  for (const [i, mutant] of mutants.entries()) {
    const path = join(copy, mutant.file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, mutant.from) + mutant.replacement + text.slice(mutant.to));
    const suite = noticedBy(copy, suitesFor(mutant.file));
    writeFileSync(path, text);
    if (suite === null) survivors.push(mutant);
    const what = `${mutant.file}:${mutant.line} ${JSON.stringify(mutant.original)} → ${JSON.stringify(mutant.replacement)}`;
    console.log(`${first + i} ${suite === null ? 'SURVIVED' : 'noticed '} ${what}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
const noticed = mutants.length - survivors.length;
console.log(`score: ${noticed} of ${mutants.length} noticed (${((100 * noticed) / mutants.length).toFixed(0)} %)`);
