import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { DockerEngine } from '../../domain/engine-settings.ts';
import type { ContainerHandle, LaunchIntent } from '../../ports/launcher.ts';
import { makeRunDir, removeSecrets, secretsDir, sharedDir, writeSecrets } from './attempt-files.ts';
import { containerSpec } from './container-spec.ts';
import { containerUser } from './container-user.ts';
import { handleOf, type Containers, type Found } from './containers.ts';
import { urlInside } from './dispatcher-url.ts';
import type { Engine } from './engine.ts';
import { portErrorOf } from './engine-failure.ts';
import { ImageProbe } from './image-probe.ts';
import { Images } from './images.ts';
import type { DockerTerms } from './terms.ts';

type DockerIntent = LaunchIntent & { readonly engine: DockerEngine };

/** All that has to happen for a container to run: image, files, create, start; again and again with the same end. */
export class Starting {
  readonly #terms: DockerTerms;
  readonly #engine: Engine;
  readonly #containers: Containers;
  readonly #images: Images;
  readonly #probe: ImageProbe;
  #rootless: boolean | null = null;

  constructor(terms: DockerTerms, engine: Engine, containers: Containers) {
    this.#terms = terms;
    this.#engine = engine;
    this.#containers = containers;
    this.#images = new Images(engine, terms.pulling);
    this.#probe = new ImageProbe(engine, terms.registryId);
  }

  async start(intent: LaunchIntent): Promise<Result<ContainerHandle, PortError>> {
    const { engine } = intent;
    if (engine.type !== 'docker') return err(portError('invalid', `${intent.pool} is no docker pool`));
    const there = await this.#containers.find(intent.runnerId);
    if (!there.ok) return err(portErrorOf(there.error, intent.runnerId));
    const { value: found } = there;
    if (found !== null && !found.isOurs) {
      return err(portError('permanent', `there is a container named ${intent.runnerId} that is not this registry's; remove it`));
    }
    return found === null ? this.#make({ ...intent, engine }) : this.#goOn(intent, found);
  }

  /** An earlier start got this far, and its answer was lost. */
  async #goOn(intent: LaunchIntent, { id, state }: Found): Promise<Result<ContainerHandle, PortError>> {
    return state.kind === 'created' ? this.#run(intent, id) : ok(handleOf(intent.runnerId, id, intent.runDir));
  }

  async #make(intent: DockerIntent): Promise<Result<ContainerHandle, PortError>> {
    const { engine, runnerId } = intent;
    const { registryId, owner: own } = this.#terms;
    const rootless = await this.#isRootless();
    if (!rootless.ok) return rootless;
    const who = containerUser(engine.user, own, rootless.value);
    if (!who.ok) return who;
    const image = await this.#images.ready(engine, intent);
    if (!image.ok) return image;
    const program = intent.command[0] ?? '';
    const path = intent.env['PATH'] ?? image.value.path;
    const probed = await this.#probe.ask({ image: image.value.id, program, path, mounted: engine.volumes.map(({ target }) => target) });
    if (!probed.ok) return probed;
    if (!probed.value.hasProgram) {
      return err(portError('permanent', `command not found: ${program} in image ${engine.image} (PATH is ${path})`));
    }
    const files = await makeRunDir(intent, who.value.owner);
    if (!files.ok) return files;
    const secrets = Object.keys(engine.secrets).length === 0 ? null : await secretsDir(registryId, runnerId, intent.runDir);
    if (secrets !== null) {
      const written = await writeSecrets(engine.secrets, secrets, who.value.owner);
      if (!written.ok) return written;
    }
    const spec = containerSpec(await this.#withUrl(intent), {
      registry: registryId,
      engine,
      user: who.value.user,
      sharedDir: sharedDir(intent.runDir),
      secretsDir: secrets,
      hasShell: probed.value.hasShell,
    });
    const made = await this.#containers.create({ ...spec, name: runnerId });
    if (made.ok) return this.#run(intent, made.value);
    if (secrets !== null) await removeSecrets(secrets);
    return err(portErrorOf(made.error, `container ${runnerId} cannot be made`));
  }

  async #run(intent: LaunchIntent, id: string): Promise<Result<ContainerHandle, PortError>> {
    const started = await this.#containers.start(id);
    if (started.ok) return ok(handleOf(intent.runnerId, id, intent.runDir));
    const { status } = started.error;
    // Without an answer it may run: that is looked at under the same name, by the next try or an inspection.
    if (status !== null) {
      const removed = await this.#containers.removeUnstarted(id);
      if (!removed.ok) return err(portErrorOf(removed.error, `container ${intent.runnerId}`));
    }
    const error = portErrorOf(started.error, `container ${intent.runnerId} cannot be started`);
    return err(isCommandsFault(error.message) ? portError('permanent', error.message) : error);
  }

  async #withUrl(intent: DockerIntent): Promise<DockerIntent> {
    const { DISPATCHER_URL: url, ...env } = intent.env;
    if (url === undefined) return intent;
    const inside = await urlInside(this.#engine, url, intent.engine.network);
    return { ...intent, env: inside === null ? env : { ...env, DISPATCHER_URL: inside } };
  }

  /** Asked once: it is decided when the engine starts. */
  async #isRootless(): Promise<Result<boolean, PortError>> {
    if (this.#rootless !== null) return ok(this.#rootless);
    const info = await this.#engine.call((docker): Promise<{ readonly SecurityOptions?: unknown }> => docker.info());
    if (!info.ok) return err(portErrorOf(info.error, 'docker engine'));
    const { SecurityOptions: options } = info.value;
    this.#rootless = Array.isArray(options) && options.some((option) => String(option).includes('name=rootless'));
    return ok(this.#rootless);
  }
}

/** The runtime's words for what no other try will mend; the engine gives them the status of a fault of its own. */
const isCommandsFault = (message: string): boolean =>
  /executable file not found|no such file or directory|permission denied|exec format error|is a directory|could not select device driver/i.test(message);
