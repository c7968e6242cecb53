import type { DockerEngine } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import type { Engine } from './engine.ts';
import { isMissing, portErrorOf } from './engine-failure.ts';
import { pullImage } from './image-pull.ts';
import type { PullNews } from './terms.ts';

/** What of an image matters for starting it. */
export interface ImageFacts {
  readonly id: string;
  /** Where its programs are looked for. */
  readonly path: string;
}

/** What the engine sets where an image says nothing. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const PATH = 'PATH=';

/** Sees to it that images are there, as the pool's policy says. Who wants the same one shares the pull. */
export class Images {
  readonly #engine: Engine;
  readonly #tell: (news: PullNews, intent: LaunchIntent) => void;
  readonly #pulls = new Map<string, Promise<Result<null, PortError>>>();

  constructor(engine: Engine, tell: (news: PullNews, intent: LaunchIntent) => void) {
    this.#engine = engine;
    this.#tell = tell;
  }

  async ready(settings: DockerEngine, intent: LaunchIntent): Promise<Result<ImageFacts, PortError>> {
    const { image, pullPolicy } = settings;
    if (pullPolicy === 'always') {
      const pulled = await this.#pull(image, intent);
      if (!pulled.ok) return pulled;
    }
    const found = await this.#look(image);
    if (!found.ok) return found;
    if (found.value !== null) return ok(found.value);
    if (pullPolicy === 'never') {
      const mend = `run \`docker pull ${image}\`, or set pull_policy: if-not-present`;
      return err(portError('permanent', `there is no image ${image} here, and pull_policy is never; ${mend}`));
    }
    const pulled = await this.#pull(image, intent);
    if (!pulled.ok) return pulled;
    const after = await this.#look(image);
    if (!after.ok) return after;
    return after.value === null ? err(portError('transient', `image ${image} was pulled, and is gone again`)) : ok(after.value);
  }

  /** `null` where there is none. */
  async #look(image: string): Promise<Result<ImageFacts | null, PortError>> {
    const found = await this.#engine.call((docker) => docker.getImage(image).inspect());
    if (!found.ok) return isMissing(found.error) ? ok(null) : err(portErrorOf(found.error, `image ${image}`));
    const { Id, Config } = found.value;
    const path = (Config.Env ?? []).find((variable) => variable.startsWith(PATH))?.slice(PATH.length);
    return ok({ id: Id, path: path ?? DEFAULT_PATH });
  }

  #pull(image: string, intent: LaunchIntent): Promise<Result<null, PortError>> {
    const known = this.#pulls.get(image);
    if (known !== undefined) return known;
    const pull = this.#begin(image, intent).finally(() => this.#pulls.delete(image));
    this.#pulls.set(image, pull);
    return pull;
  }

  async #begin(image: string, intent: LaunchIntent): Promise<Result<null, PortError>> {
    const begun = performance.now();
    this.#tell({ kind: 'pulling', image, progress: null }, intent);
    const pulled = await pullImage(this.#engine, image, (progress) => this.#tell({ kind: 'pulling', image, progress }, intent));
    if (pulled.ok) this.#tell({ kind: 'pulled', image, durationMs: Math.round(performance.now() - begun) }, intent);
    return pulled;
  }
}
