import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { err, ok, type Result } from '../domain/result.ts';
import type { InputError } from './input-error.ts';

const CHUNK = 1 << 20;

const problem = (file: string, message: string): { readonly ok: false; readonly error: InputError } =>
  err({ file, line: null, path: '', message });

const CANNOT_OPEN: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; expected a readable file; check the name and the folder you are in',
  ENOTDIR: 'there is no such file; expected a readable file; a part of its path is not a folder',
  EACCES: 'may not be read; expected a readable file; check its permissions',
  EPERM: 'may not be read; expected a readable file; check its permissions',
  EISDIR: 'is a directory; expected a file; name the file inside it',
  ELOOP: 'is a symbolic link that leads to itself; expected a readable file; mend the link',
  ENAMETOOLONG: 'has a name that is too long; expected a readable file; check the name',
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';

/** Bytes as text, without a byte order mark; an error when they are not text in UTF-8. */
const decode = (file: string, bytes: Uint8Array, expected: string): Result<string, InputError> => {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return problem(file, 'is text in UTF-16; expected UTF-8; save it as UTF-8');
  }
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return problem(file, `is not text in UTF-8 (a binary file?); expected ${expected}; check the name`);
  }
};

/** Reads to the end, or until there is reason to stop: too long, or a NUL byte, which no text has. */
const readAll = (file: string, handle: number, maxBytes: number, expected: string): Result<Uint8Array, InputError> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    const read = readSync(handle, chunk, 0, CHUNK, null);
    if (read === 0) return ok(Buffer.concat(chunks, size));
    const filled = chunk.subarray(0, read);
    const utf16 = size === 0 && (chunk[0] === 0xff || chunk[0] === 0xfe);
    if (!utf16 && filled.includes(0)) {
      return problem(file, `is a binary file (it has a NUL byte); expected ${expected} text; check the name`);
    }
    size += read;
    if (size > maxBytes) {
      const limit = `${maxBytes / 2 ** 20} MiB`;
      return problem(file, `is longer than ${limit}; expected at most that; split it, or check the name`);
    }
    chunks.push(filled);
  }
};

/**
 * Reads a file of text in UTF-8; a pipe (`/dev/stdin`, `<(…)`) will do. Never reads further than
 * `maxBytes`, whatever the file claims its size to be.
 *
 * @param expected what kind of text, for errors
 */
export const readTextFile = (file: string, maxBytes: number, expected = 'YAML or JSON'): Result<string, InputError> => {
  if (file.includes('\0')) return problem(file, 'has a NUL in its name; expected a readable file; check the name');
  let handle: number | null = null;
  try {
    handle = openSync(file, 'r');
    if (fstatSync(handle).isDirectory()) return problem(file, CANNOT_OPEN['EISDIR'] ?? '');
    const bytes = readAll(file, handle, maxBytes, expected);
    return bytes.ok ? decode(file, bytes.value, expected) : bytes;
  } catch (error) {
    const code = codeOf(error);
    return problem(file, CANNOT_OPEN[code] ?? `cannot be read (${code}); expected a readable file`);
  } finally {
    if (handle !== null) closeSync(handle);
  }
};
