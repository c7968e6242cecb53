import { Buffer } from 'node:buffer';

/**
 * A path as its bytes, one character (latin1) each: names of files need not be UTF-8, and must come
 * through whole. Relative ones are relative to a work tree, with `/` between and none at the end.
 */
export type BytePath = string;

export const bytePath = (text: string): BytePath => Buffer.from(text).toString('latin1');

/** For calls of node:fs. */
export const osPath = (path: BytePath): Buffer => Buffer.from(path, 'latin1');

/** For places where only text will do: an argument, an environment. */
export const textPath = (path: BytePath): string => osPath(path).toString('utf8');

/** Lists for git's standard input, with `-z`. */
export const nulList = (paths: Iterable<BytePath>): Buffer => Buffer.from([...paths].map((path) => `${path}\0`).join(''), 'latin1');

export const below = (folder: BytePath, name: BytePath): BytePath => (folder === '' ? name : `${folder}/${name}`);

/** All folders above a path, the nearest first; not the root. */
export const foldersAbove = (path: BytePath): readonly BytePath[] => {
  const folders: BytePath[] = [];
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) folders.push(path.slice(0, slash));
  return folders;
};
