/**
 * Installs what is missing, before any script of package.json runs. Plain JavaScript for Node 20 or
 * newer: nothing is installed yet, and the `node` that the later scripts need comes with it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const packagesOf = (file) => {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
};

/**
 * Whether node_modules is what the lock file says. npm writes its own list last, so that an install
 * which was broken off has none. Packages for other platforms are optional and may be absent.
 */
const isInstalled = () => {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (wanted === undefined || present === undefined) return false;
  if (!existsSync(join(root, 'node_modules/.bin/node'))) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = present[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
};

const install = () => {
  const npm = process.env['npm_execpath'] ?? '';
  const [command, first] = /npm-cli\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  const args = [...first, 'ci', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund'];
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
};

if (!isInstalled()) {
  process.stderr.write('Installing what is missing into node_modules (npm ci, about half a minute) …\n');
  const done = install();
  if (done.status !== 0 || !existsSync(join(root, 'node_modules/.bin/node'))) {
    process.stderr.write(done.stderr ?? '');
    const why = done.error ? done.error.message : `exit code ${done.status ?? done.signal}`;
    process.stderr.write(
      `setup: npm ci did not install everything (${why}); see above, check the network and that ` +
        'install scripts are not switched off (npm config get ignore-scripts), then try again\n',
    );
    process.exitCode = 1;
  }
}
