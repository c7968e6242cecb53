import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Longest result that is read, in bytes. */
export const LONGEST_RESULT = 1 << 20;

/** Never to be parsed as JSON: whoever wrote a result that cannot be taken is told so by the parser's refusal. */
const refused = (reason: string): string => `result.json ${reason}`;

const readAll = (fd: number, size: number): Buffer => {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const n = readSync(fd, bytes, at, size - at, at);
    if (n === 0) break;
    at += n;
  }
  return bytes.subarray(0, at);
};

/**
 * What a runner left as its result: `null` when there is none; a text that no parser accepts when
 * there is something else (a link, a pipe, a folder, more than 1 MiB). Never waits and never leaves
 * the folder. Synchronous: it is mostly absent, and finding that out takes 10 µs.
 */
export const readResult = (runDir: string): string | null => {
  let fd: number;
  try {
    // O_NONBLOCK: a named pipe would hold us up until somebody writes to it.
    fd = openSync(join(runDir, 'result.json'), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    return refused(code === 'ELOOP' ? 'is a symbolic link, not a file' : `cannot be opened (${code})`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return refused('is not a regular file');
    if (stat.size > LONGEST_RESULT) return refused(`is longer than 1 MiB (${stat.size} bytes)`);
    return readAll(fd, stat.size).toString('utf8');
  } catch (error) {
    return refused(`cannot be read (${error instanceof Error ? error.message : 'unknown'})`);
  } finally {
    closeSync(fd);
  }
};
