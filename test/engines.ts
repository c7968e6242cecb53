import { DOCKER_DEFAULTS, type DockerEngine } from '../src/domain/engine-settings.ts';

/** A docker pool's engine as it is when nothing but the image is named. */
export const dockerEngine = (over: Partial<DockerEngine> = {}): DockerEngine => ({
  ...DOCKER_DEFAULTS,
  image: 'busybox',
  ...over,
});
