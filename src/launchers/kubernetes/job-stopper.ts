import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { JobHandle, StopReport } from '../../ports/launcher.ts';
import type { Endings, FinalEvent } from '../endings.ts';
import { asPortError } from './api-failure.ts';
import type { JobCalls } from './job-calls.ts';
import { labelValue } from './names.ts';
import type { Pod } from './objects.ts';

/** How long beyond its grace a pod may take to be gone, in ms: kubelets look after theirs every few seconds. */
const STOP_SLACK_MS = 60_000;
/** How long after a kill by signal a pod may go on before it is deleted, in ms. */
const SIGNAL_MS = 10_000;

export const stopReport = (final: FinalEvent): StopReport => ({ exit: final.kind === 'exited' ? final.exit : null, survivors: [] });

/**
 * Ends one Job. What runs is signalled by way of its own shell, so that the pod ends by itself and
 * keeps its log and how it ended; where that is not possible, it is deleted.
 */
export class JobStopper {
  readonly #handle: JobHandle;
  readonly #calls: JobCalls;
  readonly #endings: Endings;
  #killBy = Number.POSITIVE_INFINITY;
  #killed = false;
  #deleted = false;

  constructor(handle: JobHandle, calls: JobCalls, endings: Endings) {
    this.#handle = handle;
    this.#calls = calls;
    this.#endings = endings;
  }

  /** `running`: the pod, if its command was seen to run. Called again, the shortest grace holds for all callers. */
  async stop(graceMs: number, running: Pod | null): Promise<Result<StopReport, PortError>> {
    this.#killBy = Math.min(this.#killBy, performance.now() + graceMs);
    if (graceMs > 0 && !(await this.#signal(running, 'TERM'))) {
      const failure = await this.#deleteAll(Math.ceil(graceMs / 1000));
      if (failure !== null) return err(failure);
    }
    const { name, runnerId } = this.#handle;
    for (;;) {
      const left = this.#killBy - performance.now();
      const final = await this.#endings.within(runnerId, left > 0 ? Math.min(1_000, left) : 1_000);
      if (final !== null) return ok(stopReport(final));
      if (this.#calls.api.closed) return err(portError('invalid', 'the launcher is closed'));
      if (left < -STOP_SLACK_MS) return ok({ exit: null, survivors: [running?.metadata.name ?? name] });
      const failure = left > 0 ? null : await this.#kill(running, -left);
      if (failure !== null) return err(failure);
    }
  }

  /** By a signal, and where that does not help soon, by deleting the pod. */
  async #kill(running: Pod | null, overdueMs: number): Promise<PortError | null> {
    if (!this.#killed) {
      this.#killed = true;
      if (await this.#signal(running, 'KILL')) return null;
    } else if (overdueMs < SIGNAL_MS || this.#deleted) return null;
    this.#deleted = true;
    const failure = await this.#deleteAll(1);
    if (failure !== null) this.#deleted = false;
    return failure;
  }

  /** False where that is not possible: nothing runs there, there is no shell, or we may not. */
  async #signal(running: Pod | null, signal: 'TERM' | 'KILL'): Promise<boolean> {
    return running !== null && (await this.#calls.signal(running, signal)).ok;
  }

  /** The Job first, or its controller would make another pod. */
  async #deleteAll(graceSeconds: number): Promise<PortError | null> {
    const { name, uid, runnerId } = this.#handle;
    const deleted = await this.#calls.deleteJob(name, uid, 'Foreground');
    if (!deleted.ok) return asPortError(`Job ${name} is not stopped`, deleted.error);
    const pods = await this.#calls.pods(labelValue(runnerId));
    if (!pods.ok) return asPortError(`the pods of Job ${name} are not known`, pods.error);
    const mine = pods.value.filter(({ metadata }) => metadata.ownerReferences.some((owner) => owner.uid === uid));
    for (const pod of mine) {
      const gone = await this.#calls.deletePod(pod, graceSeconds);
      if (!gone.ok) return asPortError(`pod ${pod.metadata.name} is not stopped`, gone.error);
    }
    return null;
  }
}
