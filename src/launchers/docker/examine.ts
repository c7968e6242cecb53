import { accessSync, constants } from 'node:fs';
import type { DockerEngine } from '../../domain/engine-settings.ts';
import { containerUser } from './container-user.ts';
import { Engine, engineAddress, type Surroundings } from './engine.ts';
import { isMissing } from './engine-failure.ts';

/** What a look at an engine found. `mend`: what to do about it; `null`: it is well. */
export interface EngineFinding {
  readonly text: string;
  readonly mend: string | null;
}

const PATIENCE_MS = 5000;

const ill = (text: string, mend: string): EngineFinding => ({ text, mend });

const secretFindings = ({ secrets }: DockerEngine): readonly EngineFinding[] =>
  Object.entries(secrets).flatMap(([name, path]) => {
    try {
      accessSync(path, constants.R_OK);
      return [];
    } catch {
      return [ill(`its secret ${name} cannot be read from ${path}`, "put the file there, or change the pool's config.secrets")];
    }
  });

const userFindings = ({ user }: DockerEngine): readonly EngineFinding[] => {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  const who = containerUser(user, uid === undefined || gid === undefined ? null : { uid, gid }, false);
  if (who.ok) return [];
  const [text = '', mend = ''] = who.error.message.split('; ');
  return [ill(text, mend)];
};

const imageFinding = async (engine: Engine, { image, pullPolicy }: DockerEngine): Promise<EngineFinding> => {
  const found = await engine.call((docker) => docker.getImage(image).inspect(), PATIENCE_MS);
  if (found.ok) return { text: `has image ${image}`, mend: null };
  if (!isMissing(found.error)) return ill(`image ${image}: ${found.error.message}`, 'see the log of the engine');
  if (pullPolicy === 'never') return ill(`there is no image ${image}, and pull_policy is never`, `run: docker pull ${image}`);
  return { text: `image ${image} is not there yet, and will be pulled`, mend: null };
};

/** Looks at everything that a docker pool names: the engine, its image, secrets and user. Starts nothing. */
export const examineDocker = async (settings: DockerEngine, environment: Surroundings): Promise<readonly EngineFinding[]> => {
  const address = engineAddress(settings.host, environment);
  const local = [...secretFindings(settings), ...userFindings(settings)];
  try {
    const engine = new Engine(address, environment);
    const version = await engine.call((docker) => docker.version(), PATIENCE_MS);
    if (!version.ok) {
      const [text = '', mend] = version.error.message.split('; ');
      return [ill(text, mend ?? `start it, or change the pool's config.host (${address})`), ...local];
    }
    const there = { text: `docker ${version.value.Version} answers at ${address}`, mend: null };
    return [there, await imageFinding(engine, settings), ...local];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [ill(`docker engine ${address} cannot be used: ${why}`, "change DOCKER_HOST, DOCKER_CERT_PATH or the pool's config.host"), ...local];
  }
};
