import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { repositoryRoot } from './planted-tree.ts';

type Packages = Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;

const WANTED: Packages = {
  '': {},
  'node_modules/node': { version: '24.1.0' },
  'node_modules/tool': { version: '2.0.0' },
  'node_modules/tool-for-another-platform': { version: '2.0.0', optional: true },
};
const INSTALLED: Packages = {
  'node_modules/node': { version: '24.1.0' },
  'node_modules/tool': { version: '2.0.0' },
};

/** Stands for npm itself: writes down how it was called, and installs or fails as told. */
const NPM = `const fs = require('node:fs');
fs.writeFileSync('npm-called', process.argv.slice(2).join(' '));
if (process.env.NPM_FAILS) { console.error('the network is down'); process.exit(3); }
fs.mkdirSync('node_modules/.bin', { recursive: true });
fs.writeFileSync('node_modules/.bin/node', '');
`;

describe('setup', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'house-setup-'));
    cpSync(join(repositoryRoot, 'config/tools/setup.mjs'), join(root, 'config/tools/setup.mjs'));
    writeFileSync(join(root, 'npm-cli.js'), NPM);
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: WANTED }));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const install = (packages: Packages | null): void => {
    mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
    writeFileSync(join(root, 'node_modules/.bin/node'), '');
    if (packages !== null) writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
  };
  const run = (env: NodeJS.ProcessEnv = {}): { readonly status: number | null; readonly stderr: string } =>
    spawnSync(process.execPath, [join(root, 'config/tools/setup.mjs')], {
      cwd: tmpdir(),
      env: { ...process.env, npm_execpath: join(root, 'npm-cli.js'), ...env },
      encoding: 'utf8',
    });
  const npmArguments = (): string | null =>
    existsSync(join(root, 'npm-called')) ? readFileSync(join(root, 'npm-called'), 'utf8') : null;

  test('says and does nothing when everything is there', () => {
    install(INSTALLED);
    const { status, stderr } = run();
    assert.deepEqual([status, stderr, npmArguments()], [0, '', null]);
  });

  test('installs in a fresh clone, and says so in one line', () => {
    const { status, stderr } = run();
    assert.equal(status, 0);
    assert.match(stderr, /^Installing what is missing[^\n]*\n$/);
    assert.match(npmArguments() ?? '', /^ci .*--include=dev/);
  });

  test('installs when an earlier install was broken off', () => {
    install(null);
    run();
    assert.notEqual(npmArguments(), null);
  });

  test('installs when the lock file names another version', () => {
    install({ ...INSTALLED, 'node_modules/tool': { version: '1.9.0' } });
    run();
    assert.notEqual(npmArguments(), null);
  });

  test('installs when a package is missing', () => {
    install({ 'node_modules/node': { version: '24.1.0' } });
    run();
    assert.notEqual(npmArguments(), null);
  });

  test('fails with the reason and the mend when npm does', () => {
    const { status, stderr } = run({ NPM_FAILS: '1' });
    assert.equal(status, 1);
    assert.match(stderr, /the network is down\n.*exit code 3.*check the network/);
  });
});
