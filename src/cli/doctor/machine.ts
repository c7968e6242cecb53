import { existsSync } from 'node:fs';
import type { Configuration } from '../../config/configuration.ts';
import { git, say } from '../programs.ts';
import { doubtful, fine, ill, type Diagnosis } from './diagnosis.ts';

/** Where the fork-server looks for perl, whatever the caller's own PATH. */
const PERL_PATH = '/usr/local/bin:/usr/bin:/bin';
/** `git worktree repair` came with 2.30. */
const GIT_MINIMUM = [2, 30] as const;

export const node = (): Diagnosis => fine('node', `${process.versions.node} (${process.execPath})`);

/** Runners are told apart and proven dead by what the kernel says of processes. */
export const kernel = (): Diagnosis =>
  process.platform === 'linux' && existsSync('/proc/self/stat')
    ? fine('kernel', 'Linux, and /proc is there')
    : ill('kernel', `${process.platform} without Linux's /proc`, 'run the dispatcher on Linux, or in a container with /proc');

/** The fork-server, parent of all local runners, is written in it. */
export const perl = (): Diagnosis => {
  const said = say('perl', ['-e', 'print $]; exit($] >= 5.010 ? 0 : 1)'], { PATH: PERL_PATH, LC_ALL: 'C' });
  if (said.code === 0) return fine('perl', said.text);
  const text = said.code === null ? `cannot be run (${said.trouble})` : `version ${said.text} is too old`;
  return ill('perl', text, `install Perl 5.10 or newer in one of ${PERL_PATH}; local runners are started by it`);
};

const versionOf = (text: string): readonly number[] => /(\d+)\.(\d+)/.exec(text)?.slice(1, 3).map(Number) ?? [];

const isOldGit = ([major = 0, minor = 0]: readonly number[]): boolean =>
  major < GIT_MINIMUM[0] || (major === GIT_MINIMUM[0] && minor < GIT_MINIMUM[1]);

/** Needed by workspaces of git alone. */
export const gitItself = ({ repoPool }: Configuration): Diagnosis => {
  const { code, text } = git('.', '--version');
  const isNeeded = repoPool.type !== 'directory';
  const mend = `install git ${GIT_MINIMUM.join('.')} or newer${isNeeded ? '' : '; repo_pool.type directory does without'}`;
  if (code === 0 && !isOldGit(versionOf(text))) return fine('git', text);
  const found = code === 0 ? `${text} is too old` : 'is not installed';
  return isNeeded ? ill('git', found, mend) : doubtful('git', found, mend);
};

/** The repository that worktrees or clones are made of. */
export const repository = ({ repoPool }: Configuration): readonly Diagnosis[] => {
  if (repoPool.type === 'directory') return [];
  const { repo, base } = repoPool;
  if (!repo.startsWith('/')) return [fine('repository', `${repo} (not asked: it is elsewhere)`)];
  if (!existsSync(repo)) return [ill('repository', `${repo} is not there`, 'name the right folder in repo_pool.repo')];
  if (git(repo, 'rev-parse', '--git-dir').code !== 0) {
    const why = git(repo, 'rev-parse', '--git-dir').trouble.replace(/^fatal: /, '');
    return [ill('repository', `${repo} is not one that git can use (${why})`, 'run `git init` there, or set repo_pool.type to directory')];
  }
  const revision = base ?? 'HEAD';
  if (git(repo, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`).code === 0) {
    return [fine('repository', `${repo}, branches begin at ${revision}`)];
  }
  const mend = base === null ? 'make a first commit' : 'name a branch, tag or commit that is there in repo_pool.base';
  return [ill('repository', `${repo} has no commit ${revision}`, mend)];
};
