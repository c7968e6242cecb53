/**
 * A dispatcher's repo pool that lends, works and takes back without end, until it is killed. Every line
 * it prints is work that has been done: the file's content, which names it.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { registryId } from '../../../src/domain/ids.ts';
import { systemProcessTable } from '../../../src/platform/process-table.ts';
import { openRepoPool } from '../../../src/repo-pool/open-repo-pool.ts';
import { valueOf } from '../launcher/fixture.ts';
import { giveBack, lend, requestFor, userEnvironment, type GitPoolType } from './git-fixture.ts';

const [root = '', repo = '', baseDir = '', type = '', registry = '', life = ''] = process.argv.slice(2);
const SLOTS = 4;
const run = promisify(execFile);
const settings = { type: type as GitPoolType, slots: SLOTS, repo, base: null };
const around = {
  baseDir,
  registry: registryId(registry),
  processes: systemProcessTable(),
  environment: userEnvironment(root),
  now: Date.now,
  tell: () => undefined,
};
const pool = valueOf(await openRepoPool(settings, around));

const work = async (lane: number): Promise<never> => {
  for (let round = 0; ; round += 1) {
    const request = requestFor('kill', `${life}-${lane}-${round}`);
    const slot = await lend(pool, request);
    const text = `${life}-${lane}-${round}`;
    await writeFile(join(slot.path, `${text}.txt`), text);
    if (round % 2 === 0) {
      // The runner's own git: whoever kills the dispatcher does not kill it.
      const identity = ['-c', 'user.name=r', '-c', 'user.email=r@example.invalid'];
      await run('git', ['add', '-A'], { cwd: slot.path, env: userEnvironment(root) });
      await run('git', [...identity, 'commit', '-q', '-m', text], { cwd: slot.path, env: userEnvironment(root) });
    }
    process.stdout.write(`${text}\n`);
    await giveBack(pool, slot, request);
  }
};

await Promise.all(Array.from({ length: SLOTS }, (_, lane) => work(lane)));
