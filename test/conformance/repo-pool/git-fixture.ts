import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { registryId, runnerId, specName, taskId, taskKey, type RegistryId } from '../../../src/domain/ids.ts';
import type { PortError } from '../../../src/domain/failures.ts';
import type { Result } from '../../../src/domain/result.ts';
import type { RepoPool, Slot, SlotRequest } from '../../../src/ports/repo-pool.ts';
import { systemProcessTable } from '../../../src/platform/process-table.ts';
import type { ProcessTable } from '../../../src/ports/process-table.ts';
import { openRepoPool } from '../../../src/repo-pool/open-repo-pool.ts';
import { ask, valueOf } from '../launcher/fixture.ts';

export const REGISTRY = registryId('0a1b2c3d-1111-4222-8333-444455556666');
export const OTHER_REGISTRY = registryId('ffffffff-1111-4222-8333-444455556666');

/** git as a user has it here: no configuration of this machine's user or system. */
export const userEnvironment = (home: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  GIT_CONFIG_NOSYSTEM: '1',
});

export interface OpenOptions {
  readonly slots?: number;
  readonly base?: string | null;
  readonly repo?: string;
  readonly registry?: RegistryId;
  readonly processes?: ProcessTable;
  readonly environment?: Readonly<Record<string, string>>;
  readonly isolates?: boolean;
}

export type GitPoolType = 'git-worktree' | 'git-clone';

export const requestFor = (spec: string, id: string, attempt = 1): SlotRequest => ({
  runnerId: runnerId(`${spec}-${id}-${attempt}`),
  task: taskKey(specName(spec), taskId(id)),
  attempt,
});

/** A repository with one commit, somewhere for slots, and what the pool said. */
export class GitFixture {
  readonly root: string;
  readonly repo: string;
  readonly baseDir: string;
  readonly told: string[] = [];
  readonly type: GitPoolType;

  private constructor(root: string, type: GitPoolType) {
    this.root = root;
    this.repo = join(root, 'a répository');
    this.baseDir = join(root, 'state', 'slots');
    this.type = type;
  }

  static async create(type: GitPoolType = 'git-worktree'): Promise<GitFixture> {
    const fixture = new GitFixture(realpathSync(await mkdtemp(join(tmpdir(), 'git-slots-'))), type);
    mkdirSync(fixture.repo);
    fixture.write('.gitignore', '*.log\n');
    fixture.write('src/main.txt', 'one\n');
    fixture.git('init', '-q', '-b', 'main');
    fixture.git('config', 'user.name', 'A User');
    fixture.git('config', 'user.email', 'user@example.invalid');
    fixture.commit('one');
    return fixture;
  }

  write(name: string, text: string, folder = this.repo): void {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }

  read(...names: readonly string[]): string {
    return readFileSync(join(this.root, ...names), 'utf8');
  }

  git(...args: readonly string[]): string {
    return this.gitIn(this.repo, ...args);
  }

  /** As a user or runner calls it, with an identity. */
  gitIn(cwd: string, ...args: readonly string[]): string {
    const identity = ['-c', 'user.name=A Runner', '-c', 'user.email=runner@example.invalid'];
    return execFileSync('git', [...identity, ...args], { cwd, env: userEnvironment(this.root), encoding: 'utf8', stdio: 'pipe' }).trimEnd();
  }

  commit(message: string, cwd = this.repo): void {
    this.gitIn(cwd, 'add', '-A');
    this.gitIn(cwd, 'commit', '-q', '--allow-empty', '-m', message);
  }

  tryOpen({ slots = 2, base = null, repo = this.repo, registry = REGISTRY, environment = {}, processes = systemProcessTable(), isolates = false }: OpenOptions = {}): Promise<Result<RepoPool, PortError>> {
    return openRepoPool(
      { type: this.type, slots, repo, base },
      {
        baseDir: this.baseDir,
        registry,
        processes,
        environment: { ...userEnvironment(this.root), ...environment },
        now: Date.now,
        tell: (message) => void this.told.push(message),
        isolates,
      },
    );
  }

  async open(options: OpenOptions = {}): Promise<RepoPool> {
    return valueOf(await this.tryOpen(options));
  }

  refs(pattern: string): readonly string[] {
    return this.git('for-each-ref', '--format=%(refname)', pattern).split('\n').filter((ref) => ref !== '');
  }

  /** Contents of a file in a commit; `null` when it has none of the name. */
  show(commit: string, path: string): string | null {
    return this.git('ls-tree', '-r', '--name-only', '-z', commit).split('\0').includes(path) ? this.git('show', `${commit}:${path}`) : null;
  }

  has(...names: readonly string[]): boolean {
    return existsSync(join(this.root, ...names));
  }

  assertSound(): void {
    assert.equal(this.git('fsck', '--strict', '--no-dangling'), '');
  }

  async end(): Promise<void> {
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs a body with a fixture of its own; the repository must be sound at its end. */
export const withGit = (body: (fixture: GitFixture) => Promise<void>, type?: GitPoolType) => async (): Promise<void> => {
  const fixture = await GitFixture.create(type);
  try {
    await body(fixture);
    fixture.assertSound();
  } finally {
    await fixture.end();
  }
};

export const lend = async (pool: RepoPool, request: SlotRequest): Promise<Slot> =>
  valueOf(await ask<Slot>((reply) => pool.obtain(request, reply)));

export const giveBack = async (pool: RepoPool, slot: Slot, { runnerId: holder }: SlotRequest): Promise<void> => {
  valueOf(await ask<null>((reply) => pool.release(slot.id, holder, reply)));
};

/** Lends a slot, does something in it as its runner, and takes it back. */
export const attempt = async (pool: RepoPool, request: SlotRequest, work: (slot: Slot) => void): Promise<Slot> => {
  const slot = await lend(pool, request);
  work(slot);
  await giveBack(pool, slot, request);
  return slot;
};
