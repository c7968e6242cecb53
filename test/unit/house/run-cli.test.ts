import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { repositoryRoot } from './planted-tree.ts';

/** Stands for the CLI: tells how it was started and which signals reach it, and ends at SIGTERM with 7. */
const MAIN = `setTimeout(() => process.exit(9), 30_000).unref();
const say = (word: unknown): void => console.log(JSON.stringify(word));
const keep = setInterval(() => undefined, 1000);
let shift = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + shift;
process.on('SIGINT', () => { say('SIGINT'); });
process.on('SIGUSR2', () => { shift += 60_000; say('later'); });
process.on('SIGTERM', () => { say('SIGTERM'); process.exitCode = 7; clearInterval(keep); });
say({ cwd: process.cwd(), args: process.argv.slice(2) });
`;

type Child = ChildProcessByStdio<null, Readable, null>;

describe('npm run dispatcher', { timeout: 60_000 }, () => {
  let root = '';
  let folder = '';
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'house-run-')));
    folder = join(root, 'a folder');
    for (const path of ['package.json', 'package-lock.json', 'config/tools']) {
      cpSync(join(repositoryRoot, path), join(root, path), { recursive: true });
    }
    symlinkSync(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
    mkdirSync(join(root, 'src/cli'), { recursive: true });
    mkdirSync(folder);
    writeFileSync(join(root, 'src/cli/main.ts'), MAIN);
  });
  const started: Child[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });

  /** Lines that the planted CLI says; npm's own are passed over. */
  const words = (child: Child): (() => Promise<unknown>) => {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return async () => {
      for (;;) {
        const line = await lines.next();
        if (line.done === true) return 'end';
        if (/^["{]/.test(line.value)) return JSON.parse(line.value) as unknown;
      }
    };
  };
  const begin = (file: string, args: readonly string[], cwd: string): Child => {
    const env = { ...process.env, INIT_CWD: folder };
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
    started.push(child);
    return child;
  };
  const byNpm = (): Child => {
    const npm = process.env['npm_execpath'];
    const [file, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
    return begin(file, [...first, 'run', 'dispatcher', '--', 'run', 'two words', '--json'], folder);
  };
  const directly = (): Child => begin(process.execPath, [join(root, 'config/tools/run-cli.mjs')], root);

  test('runs the CLI where the user is, with the arguments as they are', async () => {
    const child = byNpm();
    const next = words(child);
    assert.deepEqual(await next(), { cwd: folder, args: ['run', 'two words', '--json'] });
    child.kill('SIGTERM');
    assert.equal(await next(), 'SIGTERM');
    assert.equal(await next(), 'end');
  });

  test('passes a signal on once, and the exit code back', async () => {
    const child = byNpm();
    const exit = once(child, 'exit');
    const next = words(child);
    await next();
    child.kill('SIGTERM');
    assert.deepEqual([await next(), await next()], ['SIGTERM', 'end']);
    assert.deepEqual(await exit, [7, null]);
  });

  test('takes the Ctrl-C of the terminal and the one that npm passes on for one', async () => {
    const child = directly();
    const next = words(child);
    await next();
    child.kill('SIGINT');
    assert.equal(await next(), 'SIGINT');
    child.kill('SIGINT');
    child.kill('SIGUSR2');
    assert.equal(await next(), 'later');
    child.kill('SIGINT');
    assert.equal(await next(), 'SIGINT', 'a second one, a minute later, is a second one');
    child.kill('SIGTERM');
    assert.deepEqual([await next(), await next()], ['SIGTERM', 'end']);
  });
});
