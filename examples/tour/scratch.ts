import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const here = import.meta.dirname;

/** The clone, and in it the folder of all that the tour makes. */
export const root = join(here, '..', '..');
const work = join(root, '.dispatcher');
const tour = join(work, 'tour');
/** The scratch repository: what would be a project of yours. */
export const repository = join(tour, 'calculator');
/** There from the first moment of a tour to its last. */
const UNFINISHED = 'unfinished';

/** Neither the repository that this may be called from nor any configuration of git plays a part. */
const withoutGit = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
/** `node` is the one that runs this. */
export const environment = {
  ...withoutGit,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
};
const identity = {
  GIT_AUTHOR_NAME: 'Tour',
  GIT_AUTHOR_EMAIL: 'tour@tour.invalid',
  GIT_COMMITTER_NAME: 'Tour',
  GIT_COMMITTER_EMAIL: 'tour@tour.invalid',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** Runs a program in a folder; throws with what it said if it fails. */
export const capture = (cwd: string, program: string, ...args: readonly string[]): string => {
  try {
    const env = { ...environment, ...identity };
    return execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: 'pipe' }).trimEnd();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const mend = 'install it (the tour needs git 2.30 or newer, and perl)';
    throw new Error(`${program} cannot be run; ${mend}`, { cause: error });
  }
};

/** The pid of a live dispatcher in the folder of the tour, or `null`. */
const liveDispatcher = (): number | null => {
  try {
    const endpoint: unknown = JSON.parse(readFileSync(join(tour, 'state', 'endpoint.json'), 'utf8'));
    if (typeof endpoint !== 'object' || endpoint === null || !('pid' in endpoint)) return null;
    if (typeof endpoint.pid !== 'number') return null;
    process.kill(endpoint.pid, 0);
    return endpoint.pid;
  } catch {
    return null;
  }
};

const isUnfinished = (): boolean => {
  try {
    readFileSync(join(tour, UNFINISHED));
    return true;
  } catch {
    return false;
  }
};

/**
 * A new repository with the plan in it. Its checkout stands beside main rather than on it, so that agents
 * can move main while a person looks at the checkout.
 */
const makeAt = (folder: string): void => {
  const project = join(folder, 'calculator');
  mkdirSync(project);
  writeFileSync(join(folder, UNFINISHED), '');
  cpSync(join(here, 'project'), project, { recursive: true });
  capture(project, 'git', 'init', '--quiet', '--initial-branch=main', '--template=');
  capture(project, 'git', 'add', '--all');
  capture(project, 'git', 'commit', '--quiet', '-m', 'A plan for a calculator');
  capture(project, 'git', 'switch', '--quiet', '--detach', 'main');
};

/**
 * Makes the scratch repository, or finds the one of a tour that was broken off. What an earlier tour left
 * goes; a dispatcher that somebody started there since does not lose its floor.
 *
 * @returns what happened, or why nothing can
 */
export const prepare = (): 'made' | 'found' | { readonly trouble: string } => {
  if (isUnfinished()) return 'found';
  const pid = liveDispatcher();
  if (pid !== null) {
    const mend = 'npm run dispatcher -- drain --wait -c examples/tour/dispatcher.yaml';
    return { trouble: `a dispatcher (pid ${pid}) works in ${tour}; end it first: ${mend}` };
  }
  mkdirSync(work, { recursive: true });
  const draft = mkdtempSync(join(work, 'tour-'));
  try {
    makeAt(draft);
    rmSync(tour, { recursive: true, force: true });
    renameSync(draft, tour);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return 'made';
};

/** Whether this tour is over by this call; of two at once only one is told so. */
export const conclude = (): boolean => {
  try {
    rmSync(join(tour, UNFINISHED));
    return true;
  } catch {
    return false;
  }
};
