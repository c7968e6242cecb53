import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { repositoryRoot } from './planted-tree.ts';

/** The top level of the tree, and nothing else but dotfiles. */
const TOP_LEVEL = new Set([
  'LICENSE',
  'README.md',
  'config',
  'examples',
  'machines',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
]);

/** In pieces, so that this file does not name them either. */
const REGISTRY_HOSTS = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['registry', 'npmmirror', 'com'],
  ['npm', 'pkg', 'github', 'com'],
  ['npm', 'jsr', 'io'],
  ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['static', 'crates', 'io'],
  ['proxy', 'golang', 'org'],
  ['rubygems', 'org'],
].map((labels) => labels.join('.'));

const PURE = /^(machines|src\/(domain|scheduling|runtime))\//;
const VAGUE_NAME = /(^|[/.-])(utils?|helpers?|common|managers?|misc)([/.-]|$)/i;

/** Tracked and new files, as a commit of everything would hold them. */
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: repositoryRoot,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '');

/** `null` for a file that is deleted but still tracked. Bytes are enough to look for ASCII in. */
const textOf = (path: string): string | null => {
  try {
    return readFileSync(join(repositoryRoot, path), 'latin1');
  } catch {
    return null;
  }
};

const linesWith = (pattern: RegExp, paths: readonly string[]): readonly string[] =>
  paths.flatMap((path) =>
    (textOf(path) ?? '').split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      resolved: z.string().optional(),
      link: z.boolean().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

describe('the tree', () => {
  test('is seen', () => assert.ok(files.includes('package.json')));

  test('has only the known names at its top', () => {
    const tops = new Set(files.map((path) => path.split('/')[0] ?? ''));
    assert.deepEqual([...tops].filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name)), []);
  });

  test('names no package registry', () => {
    const found = files.filter((path) => {
      const text = textOf(path) ?? '';
      return REGISTRY_HOSTS.some((host) => text.includes(host));
    });
    assert.deepEqual(found, []);
  });

  test('has no file with a name that says nothing', () => {
    assert.deepEqual(files.filter((path) => VAGUE_NAME.test(path)), []);
  });

  const code = files.filter((path) => /^(src|machines|test|examples|config)\/.*\.(ts|js|mjs)$/.test(path));
  const withoutThese = code.filter((path) => !path.startsWith('test/unit/house/'));

  test('excuses nothing from the linter in pure code, and elsewhere only with a reason', () => {
    assert.deepEqual(linesWith(/(ox|es)lint-disable/, withoutThese.filter((path) => PURE.test(path))), []);
    assert.deepEqual(linesWith(/(ox|es)lint-disable(?!.* -- \S)/, withoutThese), []);
  });

  test('runs every test: none is skipped, left to do or run alone', () => {
    const tests = withoutThese.filter((path) => path.startsWith('test/'));
    assert.deepEqual(linesWith(/\b(test|it|describe|suite)\.(skip|todo|only)\(/, tests), []);
    assert.deepEqual(linesWith(/[{,] *(skip|todo|only): (?!false)/, tests), []);
  });
});

describe('the lock file', () => {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')));

  test('says nowhere where a package was fetched from', () => {
    assert.deepEqual(Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined), []);
  });

  test('knows the packages of every platform, or npm ci refuses it', () => {
    const known = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
    const missing = Object.values(packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !known.has(name));
    assert.deepEqual(missing, []);
  });
});
