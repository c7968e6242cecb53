import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { engineAddress } from '../../../src/launchers/docker/engine.ts';
import type { RegistryId } from '../../../src/domain/ids.ts';

/** A static busybox and nothing else; made by `prepare`. */
export const IMAGE = 'dispatcher-test/busybox:1';

/** The engine that all tests use, asked without our own code. */
export const docker = new Docker();

export const ADDRESS = engineAddress(null, process.env);

/** Everything on the engine that carries a registry's label, ended or not. */
export const containersOf = (registry: RegistryId | string): Promise<readonly Docker.ContainerInfo[]> =>
  docker.listContainers({ all: true, filters: { label: [`dispatcher.registry=${registry}`] } });

/** Removes what a test left, whatever happened before. */
export const removeAll = async (registry: RegistryId | string): Promise<void> => {
  const left = await containersOf(registry);
  await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }).catch(() => undefined)));
};

export const assertNothingLeft = async (registry: RegistryId | string): Promise<void> => {
  assert.deepEqual((await containersOf(registry)).map(({ Names, Status }) => `${Names.join()} ${Status}`), []);
};
