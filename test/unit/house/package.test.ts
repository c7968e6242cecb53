import assert from 'node:assert/strict';
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from './planted-tree.ts';

const PACKED_FROM = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  '.npmrc',
  'LICENSE',
  'README.md',
  'config/tools',
  'src',
  'machines',
];

const packageText = readFileSync(join(repositoryRoot, 'package.json'), 'utf8');
const version = /"version": "([^"]+)"/.exec(packageText)?.[1] ?? '';

/** One task, so that worker threads, scripts and all that is found by its place are looked for. */
const TASK_SET = 'name: packed\ntasks:\n  - { id: only, title: Says that it ran, command: [touch, ran] }\n';

describe('the packed package', () => {
  let folder = '';
  let unpacked = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'house-pack-'));
    const tree = join(folder, 'tree');
    for (const path of PACKED_FROM.filter((name) => existsSync(join(repositoryRoot, name)))) {
      cpSync(join(repositoryRoot, path), join(tree, path), { recursive: true });
    }
    symlinkSync(join(repositoryRoot, 'node_modules'), join(tree, 'node_modules'));
    const npm = process.env['npm_execpath'];
    const [file, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
    execFileSync(file, [...first, 'pack', '--loglevel=error', '--pack-destination', folder], {
      cwd: tree,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [tarball = ''] = globSync('*.tgz', { cwd: folder });
    execFileSync('tar', ['xzf', tarball], { cwd: folder });
    unpacked = join(folder, 'package');
    symlinkSync(join(repositoryRoot, 'node_modules'), join(unpacked, 'node_modules'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const dispatcher = (...args: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [join(unpacked, 'src/cli/bin.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 60_000,
    });

  test('carries compiled JavaScript, and no sources or tests', () => {
    const files = globSync('**/*', { cwd: unpacked, exclude: ['node_modules'] });
    assert.deepEqual(files.filter((path) => /(?<!\.d)\.ts$|^test|^examples|^config/.test(path)), []);
    assert.ok(files.includes('dist/src/index.js'), 'the library');
    assert.ok(files.includes('dist/src/index.d.ts'), 'its types');
    assert.ok(files.includes('LICENSE'));
  });

  test('carries the files that are no code', () => {
    const assets = globSync('{src,machines}/**/*.{pl,sh,sql,json,html,css}', { cwd: repositoryRoot });
    assert.deepEqual(assets.filter((path) => !existsSync(join(unpacked, 'dist', path))), []);
  });

  test('can be imported', async () => {
    const library: unknown = await import(pathToFileURL(join(unpacked, 'dist/src/index.js')).href);
    assert.ok(typeof library === 'object' && library !== null);
    assert.notDeepEqual(Object.keys(library), []);
  });

  test('tells its version', () => {
    const { status, stdout, stderr } = dispatcher('--version');
    assert.deepEqual([status, stdout.trim(), stderr], [0, version, '']);
  });

  test('runs a task set', () => {
    writeFileSync(join(folder, 'tasks.yaml'), TASK_SET);
    const { status, stdout, stderr } = dispatcher('run', 'tasks.yaml');
    assert.equal(status, 0, stdout + stderr);
  });
});

describe('the bin script', () => {
  const bin = join(repositoryRoot, 'src/cli/bin.js');

  test('says in one line that Node is too old', () => {
    const asNode18 = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } })";
    const args = ['--import', `data:text/javascript,${encodeURIComponent(asNode18)}`, bin, '--version'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^dispatcher: found Node 18\.20\.0 \(.*\), needs Node 24 or newer; install it [^\n]*\n$/);
  });

  test('is written in what Node 12 can parse', () => {
    const code = readFileSync(bin, 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
    assert.doesNotMatch(code, /\?\.|\?\?|\|\|=|&&=|\d_\d|^await |^import |^export |\bstatic\b|#\w+[ (;=]/m);
  });
});
