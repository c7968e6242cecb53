/**
 * Stands in for a coding agent. It does what an agent does that is told to work on one task of a plan:
 * it reads the task, writes files in its worktree, tests them, commits, and merges its branch into main.
 * Only the thinking is missing: what it writes lies ready in `solutions`, and where it is to err at first,
 * a `.first-try` lies beside it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MAIN = 'refs/heads/main';
/** So often may others merge while we do; more than there are tasks. */
const MERGES = 50;

const { TASK_CONTEXT_FILE, RUN_DIR } = process.env;
const task = JSON.parse(readFileSync(TASK_CONTEXT_FILE, 'utf8'));
const { task_id: id, task_title: title, task_description: description } = task;

/** Tells the dispatcher how it ended, whole or not at all, and ends. */
const report = (result) => {
  writeFileSync(join(RUN_DIR, 'result.json.tmp'), JSON.stringify(result));
  renameSync(join(RUN_DIR, 'result.json.tmp'), join(RUN_DIR, 'result.json'));
  console.log(`${result.status}: ${result.reason ?? title}`);
  process.exit(result.status === 'failed' ? 1 : 0);
};

/** What is printed is what `dispatcher logs` shows. */
const run = (command, ...args) => {
  console.log(`$ ${[command, ...args].join(' ')}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  const output = error === undefined ? `${stdout}${stderr}`.trim() : error.message;
  if (output !== '') console.log(output.replaceAll(/^/gm, '  '));
  return { ok: status === 0, output };
};

/** What has to work; fails the attempt otherwise, which is tried again. */
const must = (command, ...args) => {
  const { ok, output } = run(command, ...args);
  if (!ok) report({ status: 'failed', reason: `${command} ${args[0]}: ${output.split('\n')[0]}`, retryable: true });
  return output;
};

/** What stands between backticks in the lines that begin with a word: `- Write `a` and `b``. */
const named = (word) =>
  description
    .split('\n')
    .filter((line) => line.startsWith(`- ${word} `))
    .flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map((match) => match[1]));

const writeFiles = () => {
  const isFirst = task.previous_attempts.length === 0;
  for (const file of named('Write')) {
    const solution = join(import.meta.dirname, 'solutions', file);
    const firstTry = solution.replace(/\.mjs$/, '.first-try.mjs');
    console.log(`writing ${file}`);
    cpSync(isFirst && existsSync(firstTry) ? firstTry : solution, file);
  }
};

/** Runs every test that there is by now. */
const test = () => {
  if (!existsSync('test')) return;
  const { ok, output } = run('node', '--test', '--test-isolation=none', '--test-reporter=spec');
  const first = /^✖ (.*?) \(/m.exec(output)?.[1];
  if (!ok) report({ status: 'failed', reason: `a test fails: ${first ?? 'see the log'}`, retryable: true });
};

/**
 * Merges in our own worktree, then moves main if it is still where we found it: no two agents ever work
 * in one folder, and one that is killed at any point leaves main as it was, or done.
 */
const merge = (begin) => {
  for (let round = 1; round <= MERGES; round += 1) {
    const main = must('git', 'rev-parse', MAIN);
    must('git', 'switch', '--quiet', '--detach', main);
    must('git', 'merge', '--quiet', '--no-ff', '-m', `Merge ${id} ${title}`, task.branch_name);
    // What others merged since we began was never tested together with ours.
    if (main !== begin) test();
    const moved = run('git', 'update-ref', '-m', `merge ${id}`, MAIN, 'HEAD', main).ok;
    must('git', 'switch', '--quiet', task.branch_name);
    if (moved) return;
  }
  report({ status: 'failed', reason: `main moved in each of ${MERGES} merges`, retryable: true });
};

console.log(`${id} ${title}\n${description}\n`);
for (const { attempt, reason } of task.previous_attempts) {
  console.log(`attempt ${attempt} was in vain: ${reason}; now with more care`);
}
const begin = must('git', 'rev-parse', 'HEAD');
writeFiles();
for (const command of named('Run').filter((text) => text.startsWith('node '))) must(...command.split(' '));
test();
must('git', 'add', '--all');
if (run('git', 'diff', '--cached', '--quiet').ok) report({ status: 'no_change' });
must('git', 'commit', '--quiet', '-m', `${id} ${title}`);
merge(begin);
report({ status: 'done', summary: `merged into main: ${title}` });
