import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PortError } from '../../domain/failures.ts';
import { runnerId, type RunnerId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Activity, StopReport } from '../../ports/launcher.ts';
import { asPortError } from './api-failure.ts';
import type { JobCalls } from './job-calls.ts';
import { jobNameOf, labelValue, RUNNER_ANNOTATION } from './names.ts';

/** How long an orphan's pod may take to be gone, and how often it is looked for, in ms. */
const REAP_MS = 60_000;
const LOOK_MS = 1_000;

type Answer<T> = Promise<Result<T, PortError>>;

/** The log is copied while it grows; processor time only a metrics server knows, which not every cluster has. */
export const activityOf = async (runDir: string): Promise<Activity> => {
  const log = await lstat(join(runDir, 'output.log')).catch(() => null);
  return { outputBytes: log?.size ?? 0, cpuMs: null };
};

/** Runners of this registry that have a Job or a pod, ended ones too: all of them are somebody's to remove. */
export const listRunners = async (calls: JobCalls): Answer<readonly RunnerId[]> => {
  const found = await calls.all();
  if (!found.ok) return err(asPortError(`${calls.namespace} is not listed`, found.error));
  const ids = found.value.flatMap(({ metadata: { annotations } }) => annotations[RUNNER_ANNOTATION] ?? []);
  return ok([...new Set(ids)].map(runnerId));
};

/** Removes what there is of a runner, and waits until its pods are gone. */
export const reapRunner = async (calls: JobCalls, id: RunnerId): Answer<StopReport> => {
  const name = jobNameOf(id);
  const what = `orphan ${name} is not removed`;
  const deadline = performance.now() + REAP_MS;
  const job = await calls.find(name);
  if (!job.ok) return err(asPortError(what, job.error));
  if (job.value !== null) {
    const deleted = await calls.deleteJob(name, job.value.metadata.uid, 'Background');
    if (!deleted.ok) return err(asPortError(what, deleted.error));
  }
  for (;;) {
    const pods = await calls.pods(labelValue(id));
    if (!pods.ok) return err(asPortError(what, pods.error));
    if (pods.value.length === 0) return ok({ exit: null, survivors: [] });
    if (performance.now() > deadline) return ok({ exit: null, survivors: pods.value.map(({ metadata }) => metadata.name) });
    for (const pod of pods.value) if (pod.metadata.deletionTimestamp === undefined) await calls.deletePod(pod, 1);
    await delay(LOOK_MS);
  }
};
