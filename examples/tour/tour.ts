import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { capture, conclude, environment, prepare, repository, root } from './scratch.ts';

/**
 * The tour: a plan in Markdown whose fourteen tasks write, test and merge a small calculator, in worktrees of
 * a scratch git repository, run by the command line just as a user would. All it makes is under
 * `.dispatcher/tour`.
 */
const PLAN = '.dispatcher/tour/calculator/.kiro/specs/calculator/tasks.md';
const CONFIGURATION = 'examples/tour/dispatcher.yaml';
const PROJECT = '.dispatcher/tour/calculator';

/** What a person would do at the end: go to main, keep the ticked plan, and see whether it is all true. */
const lookAtWork = (): void => {
  const git = (...args: readonly string[]): string => capture(repository, 'git', ...args);
  git('switch', '--quiet', 'main');
  if (git('status', '--porcelain') !== '') git('commit', '--quiet', '--all', '-m', 'The plan is done');
  console.log('\nmain, as the branches came back:');
  console.log(git('log', '--first-parent', '--reverse', '--format=  %h %s').trimEnd());
  capture(repository, process.execPath, '--test');
  const answer = capture(repository, process.execPath, 'dist/calc.mjs', '6 * 7');
  if (answer !== '42') throw new Error(`the calculator says that 6 * 7 is ${answer}`);
  console.log(`\nIts tests pass, and its boxes are ticked.
$ node ${PROJECT}/dist/calc.mjs "6 * 7"
${answer}

Where to look further
  the plan:          ${PLAN}
  how it was run:    ${CONFIGURATION}; what stands in for an agent: examples/tour/agent.mjs
  its history:       git -C ${PROJECT} log --graph --oneline
  one task:          npm run dispatcher -- task show calculator/3.1 -c ${CONFIGURATION}
  what it wrote:     npm run dispatcher -- logs calculator/3.1 -c ${CONFIGURATION}
  everything so far: npm run dispatcher -- events -c ${CONFIGURATION}
  its first attempt: npm run dispatcher -- salvage restore calculator/3.1 -c ${CONFIGURATION}
  everything else:   npm run dispatcher -- --help, and README.md`);
};

const say = (error: unknown): void => {
  console.error(`tour: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
};

const ended = (code: number | null, signal: NodeJS.Signals | null, wasTold: boolean): void => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
  if (wasTold || signal !== null) {
    console.log('The tour is not finished: npm start goes on with it.');
    return;
  }
  // Of two tours that look on at one dispatcher, the other one says the rest.
  if (!conclude() || code !== 0) return;
  try {
    lookAtWork();
  } catch (error) {
    say(error);
  }
};

const travel = (): void => {
  const args = ['run', PLAN, '-c', CONFIGURATION, '--sync'];
  console.log(`$ dispatcher ${args.join(' ')}`);
  const child = spawn(process.execPath, [join(root, 'src', 'cli', 'bin.js'), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: environment,
  });
  let wasTold = false;
  // A terminal tells the child of Ctrl-C itself; a plain kill reaches only us.
  process.on('SIGINT', () => (wasTold = true));
  process.on('SIGTERM', () => {
    wasTold = true;
    child.kill('SIGTERM');
  });
  child.on('error', say);
  child.on('exit', (code, signal) => ended(code, signal, wasTold));
};

try {
  const found = prepare();
  if (typeof found === 'object') throw new Error(found.trouble);
  if (found === 'found') {
    console.log('Going on with the tour that was broken off (to begin anew: rm -r .dispatcher/tour).');
  }
  travel();
} catch (error) {
  say(error);
}
