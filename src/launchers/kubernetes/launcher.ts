import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesEngine } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import type { RegistryId, RunnerId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Activity, Inspection, JobHandle, Launcher, LaunchIntent, StopReport, WatchEvent } from '../../ports/launcher.ts';
import type { Reply } from '../../ports/reply.ts';
import { Endings } from '../endings.ts';
import { invalidIntent } from '../invalid-intent.ts';
import type { LauncherTerms } from '../launcher-terms.ts';
import { readLog } from '../run-log.ts';
import { asPortError } from './api-failure.ts';
import { connect, type Connection } from './connection.ts';
import { JobCalls } from './job-calls.ts';
import { jobManifest } from './job-manifest.ts';
import type { JobRun } from './job-run.ts';
import type { RunTerms } from './run-terms.ts';
import { jobNameOf, labelValue, REGISTRY_LABEL, RUNNER_LABEL } from './names.ts';
import type { Job } from './objects.ts';
import { activityOf, listRunners, reapRunner } from './oversight.ts';
import { endOf, forgetRecord, madeJob, makeRunDir, noteMade, type MadeJob } from './run-record.ts';
import { Runs } from './runs.ts';

/** How long a start waits for its command to run: until then a failure is a failed start, after it an ending. In ms. */
const START_PATIENCE_MS = 20_000;
/** How long the server may take to say that it is there, in ms. */
const HEALTH_MS = 5_000;
/** How long a Job of the same name that is being deleted is waited for, and how often it is looked for, in ms. */
const DELETION_MS = 30_000;
const LOOK_MS = 500;
/** For runs of which nothing was noted. */
const USUAL_TERMS: RunTerms = { scheduleTimeoutMs: 300_000, limitMb: null };

export type KubernetesTerms = Pick<LauncherTerms, 'registryId' | 'preparing'>;

type Outcome<T> = Promise<Result<T, PortError>>;

const later = <T>(reply: Reply<T>, result: Result<T, PortError>): void => void setImmediate(() => reply(result));

const closedError = portError('invalid', 'the launcher is closed');

/** Runs attempts as Jobs of one namespace. */
class KubernetesLauncher implements Launcher {
  readonly type = 'kubernetes';
  readonly #calls: JobCalls;
  readonly #registry: RegistryId;
  readonly #terms: KubernetesTerms;
  readonly #endings = new Endings();
  readonly #runs: Runs;
  readonly #starting = new Map<RunnerId, Outcome<JobHandle>>();
  readonly #forgetting = new Set<Promise<void>>();

  constructor({ api, namespace }: Connection, terms: KubernetesTerms) {
    this.#terms = terms;
    this.#registry = terms.registryId;
    this.#calls = new JobCalls(api, namespace, terms.registryId);
    this.#runs = new Runs(this.#calls, this.#endings);
  }

  start(intent: LaunchIntent, reply: Reply<JobHandle>): void {
    const { engine, runnerId } = intent;
    const invalid = this.#calls.api.closed ? closedError : invalidIntent(intent);
    if (invalid !== null) return later(reply, err(invalid));
    if (engine.type !== 'kubernetes') return later(reply, err(portError('invalid', `${intent.task}: a launcher of kubernetes was given ${engine.type}`)));
    const known = this.#runs.find(runnerId);
    let starting = this.#starting.get(runnerId) ?? (known === null ? undefined : Promise.resolve(ok(known.handle)));
    if (starting === undefined) {
      starting = this.#start(intent, engine).finally(() => this.#starting.delete(runnerId));
      this.#starting.set(runnerId, starting);
    }
    void starting.then((result) => later(reply, result));
  }

  async #start(intent: LaunchIntent, engine: KubernetesEngine): Outcome<JobHandle> {
    const { runnerId, runDir } = intent;
    const manifest = jobManifest(intent, engine, this.#registry, this.#calls.namespace);
    if (!manifest.ok) return manifest;
    const terms: RunTerms = { scheduleTimeoutMs: engine.scheduleTimeoutMs, limitMb: intent.resources.memory || null };
    try {
      await makeRunDir(runDir, intent.context);
      const job = await this.#createOrAdopt(runnerId, manifest.value);
      if (!job.ok) return job;
      const { name, uid } = job.value.metadata;
      const handle: JobHandle = { kind: 'job', runnerId, namespace: this.#calls.namespace, name, uid, runDir };
      await noteMade({ handle, terms });
      const run = this.#runs.add(handle, terms);
      run.onWaiting((reason) => this.#terms.preparing(`its pod waits: ${reason}`, intent));
      const started = await run.started(START_PATIENCE_MS);
      if (started.ok) return ok(handle);
      this.#runs.remove(runnerId);
      return started;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return err(portError('transient', `kubernetes: cannot use the run directory ${runDir}: ${why}`));
    }
  }

  /** A name that is taken, and an answer that was lost, are looked into: what is there and ours is adopted. */
  async #createOrAdopt(id: RunnerId, manifest: Parameters<JobCalls['create']>[0]): Outcome<Job> {
    const name = jobNameOf(id);
    const deadline = performance.now() + DELETION_MS;
    for (;;) {
      const created = await this.#calls.create(manifest);
      if (created.ok) return created;
      const { status, reason } = created.error;
      const what = `Job ${name} cannot be made in ${this.#calls.namespace}`;
      if (status !== null && reason !== 'AlreadyExists') return err(asPortError(what, created.error));
      const found = await this.#calls.find(name);
      if (!found.ok) return err(asPortError(what, created.error));
      const job = found.value;
      if (job !== null && !this.#isOurs(job, id)) {
        return err(portError('permanent', `kubernetes: ${what}: there is one that is not ours; delete it, or name another namespace`));
      }
      if (job !== null && job.metadata.deletionTimestamp === undefined) return ok(job);
      // One on its way out frees the name; one whose answer was lost may still come: the name lets only one in.
      if (performance.now() > deadline) return err(portError('transient', `kubernetes: ${what}: ${created.error.message}`));
      await delay(LOOK_MS);
    }
  }

  #isOurs({ metadata: { labels } }: Job, id: RunnerId): boolean {
    return labels[REGISTRY_LABEL] === this.#registry && labels[RUNNER_LABEL] === labelValue(id);
  }

  watch(handle: JobHandle, notify: (event: WatchEvent) => void): () => void {
    if (this.#endings.final(handle.runnerId) === null) this.#adopt(handle, USUAL_TERMS);
    const unwatchEngine = this.#runs.watchEngine(notify);
    const unwatch = this.#endings.watch(handle.runnerId, (event) => {
      unwatchEngine();
      notify(event);
    });
    return () => {
      unwatchEngine();
      unwatch();
    };
  }

  #adopt(handle: JobHandle, terms: RunTerms): JobRun {
    const run = this.#runs.add(handle, terms);
    run.adopted();
    return run;
  }

  stop(handle: JobHandle, graceMs: number, reply: Reply<StopReport>): void {
    void this.#adopt(handle, USUAL_TERMS).stop(graceMs).then((result) => later(reply, result));
  }

  inspect(runnerId: RunnerId, runDir: string, reply: Reply<Inspection>): void {
    void this.#inspect(runnerId, runDir).then((result) => later(reply, result));
  }

  async #inspect(runnerId: RunnerId, runDir: string): Outcome<Inspection> {
    await this.#starting.get(runnerId);
    const made = await madeJob(runnerId, runDir);
    const noted = this.#endings.final(runnerId) ?? (await endOf(runDir));
    if (noted !== null) {
      this.#endings.settle(runnerId, noted);
      return ok(noted.kind === 'exited' ? { kind: 'exited', handle: made?.handle ?? null, exit: noted.exit } : noted);
    }
    const found = await this.#calls.find(jobNameOf(runnerId));
    if (!found.ok) return err(asPortError(`Job ${jobNameOf(runnerId)} cannot be asked about`, found.error));
    const job = found.value;
    if (job === null || !this.#isOurs(job, runnerId)) return this.#inspectGone(runnerId, made);
    const { name, uid } = job.metadata;
    const handle: JobHandle = { kind: 'job', runnerId, namespace: this.#calls.namespace, name, uid, runDir };
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    const run = this.#adopt(handle, made?.terms ?? USUAL_TERMS);
    run.sawJob(job);
    const pods = await this.#calls.pods(run.label);
    if (!pods.ok) return err(asPortError(`the pods of Job ${name} cannot be asked about`, pods.error));
    for (const pod of pods.value) run.sawPod(pod);
    if (!run.isOver) return ok({ kind: 'alive', handle });
    const final = await this.#endings.of(runnerId);
    return ok(final.kind === 'exited' ? { kind: 'exited', handle, exit: final.exit } : final);
  }

  /** No Job: it was never made, or somebody deleted it, and then its pod may yet be there. */
  async #inspectGone(runnerId: RunnerId, made: MadeJob | null): Outcome<Inspection> {
    const pods = await this.#calls.pods(labelValue(runnerId));
    if (!pods.ok) return err(asPortError(`the pods of ${runnerId} cannot be asked about`, pods.error));
    if (pods.value.length > 0) {
      for (const pod of pods.value) await this.#calls.deletePod(pod, 1);
      return err(portError('transient', `kubernetes: the Job of ${runnerId} is gone, and its pod is on its way`));
    }
    if (made === null) return ok({ kind: 'neverStarted' });
    return ok({ kind: 'vanished', reason: `its Job ${made.handle.name} was deleted, so nobody saw how it ended` });
  }

  forget(runnerId: RunnerId): void {
    const run = this.#runs.find(runnerId);
    this.#endings.forget(runnerId);
    this.#runs.remove(runnerId);
    if (run === null || this.#calls.api.closed) return;
    const forgetting = this.#remove(run.handle).finally(() => this.#forgetting.delete(forgetting));
    this.#forgetting.add(forgetting);
  }

  /** Until it is done, or until we end: then the orphan sweep of the next dispatcher finds it. */
  async #remove({ name, uid, runDir }: JobHandle): Promise<void> {
    for (let pauseMs = LOOK_MS; !this.#calls.api.closed; pauseMs = Math.min(pauseMs * 2, DELETION_MS)) {
      const deleted = await this.#calls.deleteJob(name, uid, 'Background');
      if (deleted.ok) break;
      await delay(pauseMs, undefined, { ref: false });
    }
    await forgetRecord(runDir).catch(() => undefined);
  }

  logs(runDir: string, from: number, reply: Reply<{ readonly chunk: Uint8Array; readonly next: number }>): void {
    void readLog(runDir, from).then((result) => later(reply, result));
  }

  activity({ runDir }: JobHandle, reply: Reply<Activity>): void {
    const silence = this.#runs.silence;
    if (silence !== null) return later(reply, err(portError('transient', silence)));
    void activityOf(runDir).then((activity) => later(reply, ok(activity)));
  }

  list(reply: Reply<readonly RunnerId[]>): void {
    void listRunners(this.#calls).then((result) => later(reply, result));
  }

  reap(runnerId: RunnerId, reply: Reply<StopReport>): void {
    void reapRunner(this.#calls, runnerId).then((result) => later(reply, result));
  }

  health(reply: Reply<null>): void {
    void this.#health().then((result) => later(reply, result));
  }

  async #health(): Outcome<null> {
    if (this.#calls.api.closed) return err(closedError);
    const answer = await this.#calls.api.ping(HEALTH_MS);
    if (!answer.ok) return err(portError('transient', `kubernetes: ${this.#calls.api.server} does not answer: ${answer.error.message}`));
    const silence = this.#runs.silence;
    return silence === null ? ok(null) : err(portError('transient', silence));
  }

  close(reply: Reply<null>): void {
    void this.#close().then(() => later(reply, ok(null)));
  }

  async #close(): Promise<void> {
    // What is settled is removed, if that goes quickly.
    const patience = new AbortController();
    await Promise.race([
      Promise.all(this.#forgetting),
      delay(HEALTH_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    this.#runs.close();
    this.#calls.api.close();
    this.#endings.silence();
  }
}

/** Reads the kubeconfig and begins to watch. Whether the server answers, and lets us, shows by {@link Launcher.health}. */
export const createKubernetesLauncher = (engine: KubernetesEngine, terms: KubernetesTerms): Result<Launcher, PortError> => {
  const connection = connect(engine);
  return connection.ok ? ok(new KubernetesLauncher(connection.value, terms)) : connection;
};
