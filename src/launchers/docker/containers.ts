import type Docker from 'dockerode';
import { err, ok, type Result } from '../../domain/result.ts';
import type { RegistryId, RunnerId } from '../../domain/ids.ts';
import type { ContainerHandle } from '../../ports/launcher.ts';
import { stateOf, type ContainerState } from './container-state.ts';
import type { Engine } from './engine.ts';
import { isConflict, isMissing, type EngineFailure } from './engine-failure.ts';
import { LABEL } from './names.ts';

/** A container as it was found. */
export interface Found {
  readonly id: string;
  readonly state: ContainerState;
  /** Whether this registry made it for a runner of that name: names are the machine's, not ours alone. */
  readonly isOurs: boolean;
}

/** The calls about single containers, each of which may be made twice. */
export class Containers {
  readonly #engine: Engine;
  readonly #registry: RegistryId;

  constructor(engine: Engine, registry: RegistryId) {
    this.#engine = engine;
    this.#registry = registry;
  }

  /** By name or id; `null`: there is none. */
  async find(name: string): Promise<Result<Found | null, EngineFailure>> {
    const found = await this.#engine.call((docker, abortSignal) => docker.getContainer(name).inspect({ abortSignal }));
    if (!found.ok) return isMissing(found.error) ? ok(null) : found;
    const labels = found.value.Config.Labels;
    const isOurs = labels[LABEL.registry] === this.#registry && labels[LABEL.runner] !== undefined;
    return ok({ id: found.value.Id, state: stateOf(found.value), isOurs });
  }

  /** The id, also of one that was there already under this name. */
  async create(spec: Docker.ContainerCreateOptions & { readonly name: string }): Promise<Result<string, EngineFailure>> {
    const made = await this.#engine.call((docker, abortSignal) => docker.createContainer({ ...spec, abortSignal }));
    if (made.ok) return ok(made.value.id);
    if (!isConflict(made.error)) return made;
    const there = await this.find(spec.name);
    if (!there.ok) return there;
    if (there.value === null) return made;
    if (there.value.isOurs) return ok(there.value.id);
    return err({ status: 400, message: `there is a container named ${spec.name} that is not this registry's; remove it` });
  }

  start(id: string): Promise<Result<null, EngineFailure>> {
    return this.#done((docker, abortSignal) => docker.getContainer(id).start({ abortSignal }));
  }

  /** Also where it has ended, or is gone. */
  async signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<Result<null, EngineFailure>> {
    const sent = await this.#done((docker, abortSignal) => docker.getContainer(id).kill({ signal, abortSignal }));
    return sent.ok || !(isMissing(sent.error) || isConflict(sent.error)) ? sent : ok(null);
  }

  /** With the volumes that have no name, and whatever its state. Also where it is gone. */
  async remove(id: string): Promise<Result<null, EngineFailure>> {
    const removed = await this.#done((docker) => docker.getContainer(id).remove({ force: true, v: true }));
    // In conflict with a removal that is under way.
    return removed.ok || !(isMissing(removed.error) || isConflict(removed.error)) ? removed : ok(null);
  }

  /** Only if it never ran. */
  async removeUnstarted(id: string): Promise<Result<null, EngineFailure>> {
    const removed = await this.#done((docker) => docker.getContainer(id).remove({ v: true }));
    return removed.ok || !isMissing(removed.error) ? removed : ok(null);
  }

  async #done(work: (docker: Docker, signal: AbortSignal) => Promise<unknown>): Promise<Result<null, EngineFailure>> {
    const done = await this.#engine.call(work);
    return done.ok ? ok(null) : done;
  }
}

export const handleOf = (runnerId: RunnerId, containerId: string, runDir: string): ContainerHandle => ({
  kind: 'container',
  runnerId,
  containerId,
  name: runnerId,
  runDir,
});
