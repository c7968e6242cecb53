import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runnerId, type RegistryId, type RunnerId } from '../../domain/ids.ts';
import type { PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Activity, RunnerHandle, StopReport } from '../../ports/launcher.ts';
import type { Containers } from './containers.ts';
import type { Engine } from './engine.ts';
import { portErrorOf } from './engine-failure.ts';
import { LABEL, ownFilter } from './names.ts';

/** How long one killed as an orphan may take to end, and between two looks, in ms. */
const KILL_PATIENCE_MS = 15_000;
const LOOK_PAUSE_MS = 200;
const NS_PER_MS = 1_000_000;

const logBytes = async (runDir: string): Promise<number | null> => {
  try {
    return (await lstat(join(runDir, 'output.log'))).size;
  } catch {
    return null;
  }
};

/** What the sweep asks of an engine: who works, who is there, and the end of those that nobody owns. */
export class Oversight {
  readonly #engine: Engine;
  readonly #containers: Containers;
  readonly #registry: RegistryId;

  constructor(engine: Engine, containers: Containers, registry: RegistryId) {
    this.#engine = engine;
    this.#containers = containers;
    this.#registry = registry;
  }

  async activity(handle: RunnerHandle): Promise<Result<Activity, PortError>> {
    if (handle.kind !== 'container') return ok({ outputBytes: null, cpuMs: null });
    const stats = await this.#engine.call((docker) =>
      docker.getContainer(handle.containerId).stats({ stream: false, 'one-shot': true }),
    );
    if (!stats.ok) return err(portErrorOf(stats.error, `container ${handle.name}`));
    const used: number | undefined = stats.value.cpu_stats.cpu_usage.total_usage;
    return ok({ outputBytes: await logBytes(handle.runDir), cpuMs: used === undefined ? null : used / NS_PER_MS });
  }

  async list(): Promise<Result<readonly RunnerId[], PortError>> {
    // Ended ones, too: one whose outcome was stored by a dispatcher that died before it removed it has no other end.
    const filters = { label: [...ownFilter(this.#registry)] };
    const listed = await this.#engine.call((docker, abortSignal) => docker.listContainers({ all: true, filters, abortSignal }));
    if (!listed.ok) return err(portErrorOf(listed.error, ''));
    const names = listed.value.map(({ Labels }) => Labels[LABEL.runner]);
    return ok(names.filter((name) => name !== undefined).map(runnerId));
  }

  async reap(id: RunnerId): Promise<Result<StopReport, PortError>> {
    const deadline = performance.now() + KILL_PATIENCE_MS;
    for (;;) {
      const found = await this.#containers.find(id);
      if (!found.ok) return err(portErrorOf(found.error, `container ${id}`));
      if (found.value === null || !found.value.isOurs) return ok({ exit: null, survivors: [] });
      if (found.value.state.kind !== 'alive') {
        const removed = await this.#containers.remove(found.value.id);
        return removed.ok ? ok({ exit: null, survivors: [] }) : err(portErrorOf(removed.error, `container ${id}`));
      }
      if (performance.now() > deadline) return ok({ exit: null, survivors: [id] });
      const sent = await this.#containers.signal(found.value.id, 'SIGKILL');
      if (!sent.ok) return err(portErrorOf(sent.error, `container ${id}`));
      await delay(LOOK_PAUSE_MS);
    }
  }
}
