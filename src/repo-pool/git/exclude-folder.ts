import { lstat, mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

/** The git directory of the work tree that `folder` lies in, and the top of that. */
const workTreeAround = async (folder: string): Promise<{ readonly top: string; readonly gitDir: string } | null> => {
  for (let top = folder; ; top = dirname(top)) {
    const git = join(top, '.git');
    const found = await lstat(git).catch(() => null);
    if (found?.isDirectory() === true) return (await lstat(join(git, 'HEAD')).catch(() => null)) === null ? null : { top, gitDir: git };
    if (found?.isFile() === true) {
      const link = /^gitdir: (.+)$/s.exec((await readFile(git, 'utf8')).trim())?.[1];
      if (link === undefined) return null;
      const own = resolve(top, link);
      const common = await readFile(join(own, 'commondir'), 'utf8').catch(() => '.');
      return { top, gitDir: resolve(own, common.trim()) };
    }
    if (dirname(top) === top) return null;
  }
};

/** As gitignore(5) reads it: nothing in a folder's name is a pattern. */
const patternOf = (path: string): string => `/${path.replaceAll(/[\\*?[\]!# ]/g, String.raw`\$&`)}/`;

/**
 * Keeps a folder out of git by the exclude file of the repository it lies in, if it does: once, in one
 * step, and nothing else of the file is changed. Rejects as the file system does.
 *
 * @param folder absolute, there
 */
export const excludeFolder = async (folder: string): Promise<void> => {
  const real = await realpath(folder);
  const around = await workTreeAround(dirname(real));
  if (around === null) return;
  const path = relative(around.top, real);
  if (path === '' || path === '.git' || path.startsWith('.git/')) return;
  const pattern = patternOf(path);
  const wanted = join(around.gitDir, 'info', 'exclude');
  await mkdir(dirname(wanted), { recursive: true });
  const file = await realpath(wanted).catch(() => wanted);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (text.split('\n').includes(pattern)) return;
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  const draft = `${file}.dispatcher-${process.pid}`;
  await writeFile(draft, `${text}${gap}${pattern}\n`);
  await rename(draft, file);
};
