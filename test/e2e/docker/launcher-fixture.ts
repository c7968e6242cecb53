import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryId, type RegistryId } from '../../../src/domain/ids.ts';
import { createDockerLauncher } from '../../../src/launchers/docker/launcher.ts';
import type { PullNews } from '../../../src/launchers/docker/terms.ts';
import type { Launcher } from '../../../src/ports/launcher.ts';
import { ask, valueOf, type Job, type LauncherFixture } from '../../conformance/launcher/fixture.ts';
import { dockerEngine } from '../../engines.ts';
import { ADDRESS, IMAGE, removeAll } from './engine.ts';

const sh = (script: string, ...args: readonly string[]): readonly string[] => ['sh', '-c', script, 'sh', ...args];

const commandOf = (job: Job): readonly string[] => {
  switch (job.do) {
    case 'exit':
      return sh(`exit ${job.code}`);
    case 'dieBy':
      return sh(`kill -${job.signal.slice(3)} $$`);
    case 'count':
      return ['awk', `BEGIN { for (i = 1; i <= ${job.lines}; i++) printf "%0${job.width - 1}d\\n", i }`];
    case 'alternate':
      return sh('i=0; while [ $i -lt $1 ]; do echo o$i; echo e$i >&2; i=$((i + 1)); done', String(job.times));
    case 'hang':
      return ['awk', 'BEGIN { print "ready"; fflush(); while (1) system("sleep 1000") }'];
    case 'hangOn':
      return sh('trap "" TERM; echo ready; while :; do sleep 1000; done');
    case 'writeResult':
      return sh('printf %s "$1" > "$RUN_DIR/result.tmp" && mv "$RUN_DIR/result.tmp" "$RUN_DIR/result.json"; exit "$2"', job.text, String(job.code));
    case 'showArguments':
      return sh('for one; do printf "%s\\0" "$one"; done', ...job.arguments);
    case 'showDirectory':
      return sh('printf "%s\\0" "$(readlink /proc/self/cwd)"');
    case 'showEnvironment':
      return ['cat', '/proc/self/environ'];
  }
};

export interface DockerFixture extends LauncherFixture {
  readonly root: string;
  readonly registry: RegistryId;
  readonly told: string[];
  readonly pulls: PullNews[];
}

export interface FixtureOptions {
  readonly address?: string;
}

export const makeDocker = async ({ address = ADDRESS }: FixtureOptions = {}): Promise<DockerFixture> => {
  const root = await mkdtemp(join(tmpdir(), 'docker-launcher-'));
  const registry = registryId(randomUUID());
  const cwd = join(root, 'slot with blank');
  mkdirSync(cwd);
  const told: string[] = [];
  const pulls: PullNews[] = [];
  const open = (): Launcher =>
    valueOf(
      createDockerLauncher({
        registryId: registry,
        address,
        environment: process.env,
        owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
        pulling: (news) => void pulls.push(news),
        tell: (message) => void told.push(message),
      }),
    );
  let launcher = open();
  return {
    root,
    registry,
    told,
    pulls,
    launcher,
    env: {},
    engine: dockerEngine({ image: IMAGE, pullPolicy: 'never' }),
    cwd,
    missingCommand: ['no-such-command-anywhere'],
    command: commandOf,
    runDir: (id) => join(root, 'runs', id),
    inside: { cwd: '/workspace', runDir: () => '/run/dispatcher' },
    engineVariables: ['PATH', 'HOME', 'HOSTNAME'],
    quickStarts: 40,
    reopen: async () => {
      await ask<null>((reply) => launcher.close(reply));
      launcher = open();
      return launcher;
    },
    end: async () => {
      await ask<null>((reply) => launcher.close(reply));
      await removeAll(registry);
      await rm(root, { recursive: true });
    },
  };
};
