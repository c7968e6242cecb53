import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface ContainerUser {
  /** As the engine takes it. */
  readonly user: string;
  /** Whom to give the slot and the run directory to; `null`: they are the runner's already. */
  readonly owner: FileOwner | null;
}

/**
 * Whom a container runs as. Without a word of the pool as who the dispatcher is: what it writes into
 * slot and run directory then can be read, saved and removed.
 *
 * @param rootless the engine's root is an ordinary user here, its own: that of the dispatcher
 */
export const containerUser = (wanted: string | null, own: FileOwner | null, rootless: boolean): Result<ContainerUser, PortError> => {
  if (wanted === null) {
    if (own === null || rootless) return ok({ user: '0:0', owner: null });
    return ok({ user: `${own.uid}:${own.gid}`, owner: null });
  }
  const numbers = /^(\d+)(?::(\d+))?$/.exec(wanted);
  if (numbers === null) {
    return err(portError('permanent', `config.user ${wanted}: files are given to users by number; write "UID:GID", as \`id ${wanted.split(':')[0] ?? ''}\` in the image tells them`));
  }
  const uid = Number(numbers[1]);
  const gid = Number(numbers[2] ?? numbers[1]);
  const user = `${uid}:${gid}`;
  if (own === null || rootless || own.uid === uid) return ok({ user, owner: null });
  if (own.uid === 0) return ok({ user, owner: { uid, gid } });
  const message = `config.user ${wanted}: only a dispatcher that runs as root can give files to another user than its own (${own.uid}); leave it out`;
  return err(portError('permanent', message));
};
