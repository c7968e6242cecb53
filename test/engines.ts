import type { DockerEngine } from '../src/domain/engine-settings.ts';

/** A docker pool's engine as it is when nothing but the image is named. */
export const dockerEngine = (over: Partial<DockerEngine> = {}): DockerEngine => ({
  type: 'docker',
  host: null,
  image: 'busybox',
  pullPolicy: 'if-not-present',
  limits: { cpu: null, memory: null },
  gpus: null,
  network: null,
  volumes: [],
  secrets: {},
  user: null,
  privileged: false,
  capAdd: [],
  readOnlyRoot: false,
  pidsLimit: 4096,
  ...over,
});
