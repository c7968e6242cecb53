/** Compiles src and machines into dist, as the packed package carries them, with the files that are no code. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');

/** Everything but sources, which are compiled, and what only a reader of the repository needs. */
const isAsset = (path: string): boolean => !/\.(ts|md)$|\/bin\.js$/.test(path);

/** tsc rewrites `.ts` in imports only; worker threads name their file by a URL. */
const rewriteUrls = (code: string): string =>
  code.replaceAll(/(new URL\((['"])\.{1,2}\/[^'"]+)\.ts(\2, import\.meta\.url\))/g, '$1.js$3');

rmSync(dist, { recursive: true, force: true });
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const compiled = spawnSync(process.execPath, [compiler, '--project', join(root, 'config/tools/tsconfig.build.json')], {
  cwd: root,
  stdio: ['ignore', 2, 'inherit'],
});
if (compiled.status === 0) {
  for (const folder of ['src', 'machines']) {
    cpSync(join(root, folder), join(dist, folder), { recursive: true, filter: isAsset });
  }
  for (const name of globSync('**/*.js', { cwd: dist })) {
    const file = join(dist, name);
    writeFileSync(file, rewriteUrls(readFileSync(file, 'utf8')));
  }
} else {
  process.stderr.write('build: tsc reports errors, see above; nothing was packed\n');
  process.exitCode = 1;
}
