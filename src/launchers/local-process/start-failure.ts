import { constants } from 'node:os';
import { portError, type PortError } from '../../domain/failures.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import type { EntryFailure } from './journal-line.ts';

const { E2BIG, EACCES, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC, ENOTDIR, EPERM, EROFS } = constants.errno;

/** These will not go away by waiting: somebody has to mend the command, its folder or its rights. */
const PERMANENT: ReadonlySet<number> = new Set([
  E2BIG, EACCES, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC, ENOTDIR, EPERM, EROFS,
]);

/** What a term of the start stands for, when it could not be kept; see `fork-server/Terms.pm`. */
const TERMS: Readonly<Record<string, string>> = {
  cgroup: 'cannot join its control group',
  nice: 'cannot lower its priority',
  limit: 'cannot limit its memory',
};

export const notFound = ({ command, env }: Pick<LaunchIntent, 'command' | 'env'>): string => {
  const program = command[0] ?? '';
  return program.includes('/')
    ? `command not found: ${program} (or the interpreter named in its first line)`
    : `command not found: ${program} (PATH is ${env['PATH'] ?? 'not set'})`;
};

const userOf = ({ engine }: LaunchIntent): string =>
  engine.type === 'local-process' ? (engine.confinement?.user?.name ?? 'another user') : 'another user';

const describe = (intent: LaunchIntent, { stage, errno, text }: EntryFailure): string => {
  const program = intent.command[0] ?? '';
  if (stage === 'cwd') return `cannot enter the working directory ${intent.cwd}: ${text}`;
  const term = stage === 'user' ? `cannot become ${userOf(intent)}` : TERMS[stage];
  if (term !== undefined) return `${term}: ${text}`;
  if (stage !== 'exec') return `cannot prepare the run directory ${intent.runDir} (${stage}): ${text}`;
  switch (errno) {
    case ENOENT:
      return notFound(intent);
    case EACCES:
      return `command not executable: ${program} (permission denied; chmod +x it?)`;
    case ENOEXEC:
      return `command not executable: ${program} (no program and no script with a #! line)`;
    case E2BIG:
      return `command line and environment of ${program} are longer than the system allows`;
    default:
      return `cannot execute ${program}: ${text}`;
  }
};

/** Says of a start that failed whether trying again may help, and in one line what is wrong. */
export const startError = (intent: LaunchIntent, failure: EntryFailure): PortError =>
  portError(
    PERMANENT.has(failure.errno) ? 'permanent' : 'transient',
    failure.stage === '' ? failure.text : describe(intent, failure),
  );
