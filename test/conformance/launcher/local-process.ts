import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Confinement } from '../../../src/domain/engine-settings.ts';
import { registryId, type RegistryId } from '../../../src/domain/ids.ts';
import { createLocalProcessLauncher, type LocalProcessOptions } from '../../../src/launchers/local-process/launcher.ts';
import { letUsersPass } from '../../../src/launchers/local-process/user-access.ts';
import { systemProcessTable } from '../../../src/platform/process-table.ts';
import type { Launcher, ProcessHandle, RunnerHandle } from '../../../src/ports/launcher.ts';
import type { ProcessEntry } from '../../../src/ports/process-table.ts';
import { ask, eventually, valueOf, type Job, type LauncherFixture } from './fixture.ts';

export const processes = systemProcessTable();

const ENV = { PATH: '/usr/local/bin:/usr/bin:/bin' };

const perl = (program: string, ...args: readonly string[]): readonly string[] => ['perl', '-e', program, ...args];

const commandOf = (job: Job): readonly string[] => {
  switch (job.do) {
    case 'exit':
      return ['sh', '-c', `exit ${job.code}`];
    case 'dieBy':
      return ['sh', '-c', `kill -${job.signal.slice(3)} $$`];
    case 'count':
      return perl('printf "%0*d\\n", $ARGV[1] - 1, $_ for 1 .. $ARGV[0]', String(job.lines), String(job.width));
    case 'alternate':
      return perl('for (0 .. $ARGV[0] - 1) { syswrite STDOUT, "o$_\\n"; syswrite STDERR, "e$_\\n" }', String(job.times));
    case 'hang':
      return perl('$| = 1; print "ready\\n"; sleep 1000 while 1');
    case 'hangOn':
      return perl('$SIG{TERM} = "IGNORE"; $| = 1; print "ready\\n"; sleep 1000 while 1');
    case 'writeResult':
      return ['sh', '-c', 'printf %s "$1" > "$RUN_DIR/result.tmp" && mv "$RUN_DIR/result.tmp" "$RUN_DIR/result.json"; exit "$2"', 'sh', job.text, String(job.code)];
    case 'showArguments':
      return perl('print "$_\\0" for @ARGV', ...job.arguments);
    case 'showDirectory':
      return perl('print readlink("/proc/self/cwd"), "\\0"');
    case 'showEnvironment':
      return ['cat', '/proc/self/environ'];
  }
};

/** Processes of the machine that carry the marker of a registry, or are its fork-servers. */
export const processesOf = async (registry: RegistryId): Promise<readonly ProcessEntry[]> => {
  const marks = [`DISPATCHER_RUNNER=${registry}/`, `DISPATCHER_FORK_SERVER=${registry}.`];
  return (await processes.scan()).filter(({ pid, state }) => {
    const environment = state === 'Z' ? '' : (processes.environment(pid) ?? '');
    return marks.some((mark) => environment.includes(mark));
  });
};

const processOf = (handle: RunnerHandle): ProcessHandle => {
  assert.ok(handle.kind === 'process');
  return handle;
};

export const isAlive = (handle: RunnerHandle): boolean => {
  const { pid, startTime } = processOf(handle);
  return processes.isAlive(pid, startTime);
};

export const killProcess = (handle: RunnerHandle): void => {
  const { pid, startTime } = processOf(handle);
  processes.signal(pid, startTime, 'SIGKILL');
};

export interface LocalFixture extends LauncherFixture {
  readonly root: string;
  readonly registry: RegistryId;
}

export type LauncherOptions = Partial<LocalProcessOptions>;

export const openLauncher = async (stateDir: string, registry: RegistryId, options: LauncherOptions = {}): Promise<Launcher> =>
  valueOf(await createLocalProcessLauncher({ ...options, stateDir, registryId: registry, processes }));

/** How the pool is configured whose runners these are; a user of it gets to the fixture's folders. */
export const makeLocal = async (confinement: Confinement | null = null, options: LauncherOptions = {}): Promise<LocalFixture> => {
  const root = await mkdtemp(join(tmpdir(), 'launcher-'));
  const registry = registryId(randomUUID());
  const cwd = join(root, 'slot with blank');
  mkdirSync(cwd);
  if (confinement?.user != null) {
    valueOf(letUsersPass(new Map([['pool', confinement.user]]), { stateDir: root, slotsDir: root, registryPath: join(root, 'registry.db') }));
  }
  let launcher = await openLauncher(root, registry, options);
  return {
    root,
    registry,
    launcher,
    env: ENV,
    engine: { type: 'local-process', ...(confinement === null ? {} : { confinement }) },
    cwd,
    missingCommand: ['no-such-command-anywhere'],
    command: commandOf,
    runDir: (id) => join(root, 'runs', id),
    inside: { cwd, runDir: (id) => join(root, 'runs', id) },
    // bubblewrap tells its program where it is.
    engineVariables: ['DISPATCHER_RUNNER', ...(confinement?.sandbox == null ? [] : ['PWD'])],
    quickStarts: 200,
    reopen: async () => {
      await ask<null>((reply) => launcher.close(reply));
      launcher = await openLauncher(root, registry, options);
      return launcher;
    },
    end: async () => {
      await ask<null>((reply) => launcher.close(reply));
      // What a test left running on purpose, and then the fork-servers, which end with their last child.
      await eventually('all processes of the fixture are gone', async () => {
        const left = await processesOf(registry);
        for (const { pid, pgrp, session, startTime } of left) {
          const environment = processes.environment(pid) ?? '';
          if (environment === '' || environment.includes('DISPATCHER_FORK_SERVER=')) continue;
          processes.signal(pid, startTime, 'SIGKILL');
          // Sessions are made by fork-servers and runners; the one that the test itself runs in is neither's.
          if (session !== processes.find(process.pid)?.session) processes.signalGroup(pgrp, startTime, 'SIGKILL');
        }
        return left.length === 0;
      });
      await rm(root, { recursive: true });
    },
  };
};

export const journalsOf = (root: string): readonly string[] =>
  readdirSync(join(root, 'fork-servers'))
    .filter((name) => name.endsWith('.journal'))
    .map((name) => readFileSync(join(root, 'fork-servers', name), 'utf8'));
