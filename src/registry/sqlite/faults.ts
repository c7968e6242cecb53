import { portError, type PortError } from '../../domain/failures.ts';

/** A failure of SQLite, or of a call inside it. */
export interface Fault {
  readonly error: PortError;
  /** Another connection has the lock at this moment: the same again may work in a while. */
  readonly busy: boolean;
  /** The file or the disk is at fault, and not the call. */
  readonly storage: boolean;
}

// Primary result codes, https://sqlite.org/rescode.html
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const codeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;

/** What to tell of anything thrown while working with a database file. One line. */
export const faultOf = (thrown: unknown, path: string): Fault => {
  const text = (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll('\n', ' ');
  const storage = (kind: 'transient' | 'permanent', rest: string): Fault => ({
    error: portError(kind, `registry ${path}: ${rest}`),
    busy: false,
    storage: true,
  });
  switch (codeOf(thrown)) {
    case BUSY:
    case LOCKED:
      return { ...storage('transient', 'locked by another process; end what has it open (a backup, an SQLite shell)'), busy: true };
    case FULL:
      return storage('transient', `the disk is full (${text}); free some space`);
    case IOERR:
      return storage('transient', `the disk fails (${text}); check the disk and its free space`);
    case NOTADB:
    case CORRUPT: {
      const mend = 'move the file away, or name another in registry.path';
      return storage('permanent', `not a usable Task Registry (${text}); ${mend}`);
    }
    case PERM:
    case READONLY:
    case CANTOPEN: {
      const mend = 'check path and permissions of the file and its folder';
      return storage('permanent', `cannot be opened or written (${text}); ${mend}`);
    }
    default:
      return { error: portError('permanent', `registry ${path}: ${text}`), busy: false, storage: false };
  }
};
