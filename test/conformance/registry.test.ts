import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryId } from '../../src/domain/ids.ts';
import type { TaskRegistry } from '../../src/ports/task-registry.ts';
import { openMemoryRegistry } from '../../src/registry/memory/open-memory-registry.ts';
import { openRegistry, openRegistryForWriting } from '../../src/registry/open.ts';
import { registryConformance, type OpenedRegistry } from './registry/conformance.ts';
import { ask } from './registry/desk.ts';
import { holder } from './registry/samples.ts';

registryConformance('memory', () =>
  Promise.resolve({
    registry: openMemoryRegistry({ id: registryId('6f1d2c3b-0000-4000-8000-000000000000') }),
    remove: () => Promise.resolve(),
  }),
);

const inFolder = async (open: typeof openRegistry): Promise<OpenedRegistry> => {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const opened = await open({ path: join(folder, 'deep/er/registry.db'), synchronous: 'normal', holder });
  if (!opened.ok) throw new Error(opened.error.message);
  const registry: TaskRegistry = opened.value;
  return {
    registry,
    remove: async () => {
      await ask<null>((reply) => registry.close(reply));
      await rm(folder, { recursive: true });
    },
  };
};

registryConformance('SQLite through a worker', () => inFolder(openRegistry));
registryConformance('SQLite in the calling thread', () => inFolder(openRegistryForWriting));
