import { spawn } from 'node:child_process';
import { portError, type PortError } from '../../domain/failures.ts';

/** What one git process works on. Named outright wherever possible, so that git never searches upwards for a repository. */
export interface GitPlace {
  readonly cwd: string;
  readonly gitDir?: string;
  readonly workTree?: string;
  /** Index to use in place of the repository's own. */
  readonly index?: string;
  /** Object store to use in place of the repository's own. */
  readonly objects?: string;
  /** Slot it works for: its environment then names it, as a runner's does, and it is seen by who looks for strays. */
  readonly slot?: string;
}

export interface GitOutcome {
  readonly ok: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Nothing of the repository's or the user's that would run a program, ask a question, or tidy up on its own. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.splitIndex=false',
  // A change that keeps size and times is still seen.
  'core.trustctime=true',
  'core.checkStat=default',
  'core.logAllRefUpdates=true',
  'core.pager=cat',
  'core.editor=true',
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.writeCommitGraph=false',
  'advice.detachedHead=false',
  'submodule.recurse=false',
  'commit.gpgSign=false',
  'init.templateDir=',
].flatMap((setting) => ['-c', setting]);

/** How a person says which ssh to use: the only variables of git's own that are passed on. */
const KEPT = new Set(['GIT_SSH', 'GIT_SSH_COMMAND', 'GIT_SSL_CAINFO', 'GIT_SSL_CAPATH', 'GIT_EXEC_PATH']);

/** Whoever names a repository, an index, a pager or a configuration by the environment means another command. */
const cleanEnvironment = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('GIT_') || KEPT.has(name)));

const FIXED: Environment = {
  GIT_TERMINAL_PROMPT: '0',
  // Empty: neither a window nor a terminal is asked for a password.
  GIT_ASKPASS: '',
  SSH_ASKPASS: '',
  SSH_ASKPASS_REQUIRE: 'never',
  GIT_PAGER: 'cat',
  GIT_EDITOR: 'true',
  // No `ext::` and the like, which run programs.
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  GIT_NO_LAZY_FETCH: '1',
  LC_ALL: 'C',
  LANGUAGE: 'C',
};

/** Who the dispatcher is in commits and reflogs. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** Runs git, without the user's hooks, prompts, pagers or environment. */
export class Git {
  readonly #environment: Environment;

  constructor(environment: Environment, { name, email }: Identity) {
    const who = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email };
    this.#environment = { ...cleanEnvironment(environment), ...FIXED, ...who };
  }

  /** Never rejects: a git that cannot be started is an outcome that is not ok. `date`: of commits, `@<seconds> +0000`. */
  run(args: readonly string[], place: GitPlace, input: string | Buffer = '', date?: string): Promise<GitOutcome> {
    const { promise, resolve } = Promise.withResolvers<GitOutcome>();
    const failed = (reason: string): void => resolve({ ok: false, stdout: Buffer.alloc(0), stderr: reason });
    try {
      // In a session of its own: Ctrl-C in a terminal must not tear it, and it can ask nobody.
      const child = spawn('git', [...SETTINGS, ...args], {
        cwd: place.cwd,
        env: { ...this.#environment, ...environmentOf(place, date) },
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const out: Buffer[] = [];
      const complaints: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
      child.stdin.on('error', () => undefined);
      child.once('error', (error) => failed(error.message));
      child.once('close', (code) => {
        resolve({ ok: code === 0, stdout: Buffer.concat(out), stderr: Buffer.concat(complaints).toString('utf8') });
      });
      child.stdin.end(input);
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error));
    }
    return promise;
  }
}

const environmentOf = ({ gitDir, workTree, index, objects, slot }: GitPlace, date: string | undefined): Environment => ({
  ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
  ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
  ...(index === undefined ? {} : { GIT_INDEX_FILE: index }),
  ...(objects === undefined ? {} : { GIT_OBJECT_DIRECTORY: objects }),
  ...(slot === undefined ? {} : { SLOT_PATH: slot }),
  ...(date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }),
});

/** Standard output as one line of text. */
export const lineOf = ({ stdout }: GitOutcome): string => stdout.toString('utf8').trim();

/** Records ended by NUL, as bytes in latin1: names of files need not be UTF-8. */
export const recordsOf = ({ stdout }: GitOutcome): readonly string[] => stdout.toString('latin1').split('\0').slice(0, -1);

/** The line with which git says why, without its prefix. */
export const complaintOf = ({ stderr }: GitOutcome): string => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.find((line) => line.startsWith('fatal:')) ?? lines.find((line) => line.startsWith('error:')) ?? lines[0];
  return (said ?? 'git ended without a word').replace(/^(?:fatal|error|warning): /, '').trim();
};

/** Git only warns of folders it may not read, and goes on as if they were empty. */
export const readAll = ({ ok, stderr }: GitOutcome): boolean => ok && !/could not open directory/.test(stderr);

export const gitError = (what: string, outcome: GitOutcome): PortError => portError('transient', `${what}: ${complaintOf(outcome)}`);
