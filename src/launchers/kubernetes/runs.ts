import type { RunnerId } from '../../domain/ids.ts';
import type { JobHandle, WatchEvent } from '../../ports/launcher.ts';
import type { Endings } from '../endings.ts';
import type { ApiFailure } from './api-failure.ts';
import { readJob, readPod, type JobCalls } from './job-calls.ts';
import { JobRun } from './job-run.ts';
import type { RunTerms } from './run-terms.ts';
import { labelValue, RUNNER_LABEL } from './names.ts';
import { ObjectWatch } from './object-watch.ts';
import type { Job, Pod } from './objects.ts';

/** How often runs are looked at for the time that passed, in ms. */
const SWEEP_MS = 1_000;

type Kind = 'jobs' | 'pods';

/** All runs of one namespace, told of what happens there by one watch of Jobs and one of pods. */
export class Runs {
  readonly #calls: JobCalls;
  readonly #endings: Endings;
  readonly #byLabel = new Map<string, JobRun>();
  readonly #jobs: ObjectWatch<Job>;
  readonly #pods: ObjectWatch<Pod>;
  readonly #listedAt: Record<Kind, number> = { jobs: -1, pods: -1 };
  readonly #failing = new Map<Kind, string>();
  readonly #watchers = new Set<(event: WatchEvent) => void>();
  readonly #sweep: NodeJS.Timeout;

  constructor(calls: JobCalls, endings: Endings) {
    this.#calls = calls;
    this.#endings = endings;
    const { api, selector } = calls;
    const common = (kind: Kind) => ({
      api,
      selector,
      listed: (begunAt: number) => this.#listed(kind, begunAt),
      failed: (failure: ApiFailure) => this.#failed(kind, failure),
    });
    this.#jobs = new ObjectWatch<Job>({
      ...common('jobs'),
      path: calls.jobsPath,
      read: readJob,
      changed: (job) => this.#runOf(job)?.sawJob(job),
      deleted: (job) => this.#runOf(job)?.lostJob(job),
    });
    this.#pods = new ObjectWatch<Pod>({
      ...common('pods'),
      path: calls.podsPath,
      read: readPod,
      changed: (pod) => this.#runOf(pod)?.sawPod(pod),
      deleted: (pod) => this.#runOf(pod)?.lostPod(pod),
    });
    this.#sweep = setInterval(() => this.#lookAtAll(), SWEEP_MS).unref();
  }

  find(id: RunnerId): JobRun | null {
    return this.#byLabel.get(labelValue(id)) ?? null;
  }

  /** Takes up a Job that is there. What the watches know of it already is told to it. */
  add(handle: JobHandle, terms: RunTerms): JobRun {
    const known = this.find(handle.runnerId);
    if (known !== null) return known;
    const run = new JobRun(handle, this.#calls, this.#endings, terms);
    this.#byLabel.set(run.label, run);
    for (const job of this.#jobs.values()) if (this.#runOf(job) === run) run.sawJob(job);
    for (const pod of this.#pods.values()) if (this.#runOf(pod) === run) run.sawPod(pod);
    return run;
  }

  remove(id: RunnerId): void {
    this.#byLabel.delete(labelValue(id));
  }

  /** Why the engine is taken for silent; `null` while it answers. */
  get silence(): string | null {
    return this.#failing.values().next().value ?? null;
  }

  /** Tells of the engine's silence and of its end, beginning with one that lasts. */
  watchEngine(notify: (event: WatchEvent) => void): () => void {
    const reason = this.silence;
    if (reason !== null) setImmediate(() => this.#watchers.has(notify) && notify({ kind: 'engineSilent', reason }));
    this.#watchers.add(notify);
    return () => this.#watchers.delete(notify);
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#jobs.close();
    this.#pods.close();
    this.#watchers.clear();
    for (const run of this.#byLabel.values()) run.abandon();
  }

  #runOf({ metadata: { labels } }: Job | Pod): JobRun | undefined {
    return this.#byLabel.get(labels[RUNNER_LABEL] ?? '');
  }

  #lookAtAll(): void {
    // While nothing is heard, no time-out of a pod is judged.
    if (this.silence !== null) return;
    for (const run of this.#byLabel.values()) run.weigh();
  }

  #listed(kind: Kind, begunAt: number): void {
    const wasSilent = this.silence !== null;
    this.#failing.delete(kind);
    this.#listedAt[kind] = begunAt;
    const both = Math.min(this.#listedAt.jobs, this.#listedAt.pods);
    if (both >= 0) for (const run of this.#byLabel.values()) run.listed(both);
    if (wasSilent && this.silence === null) this.#tell({ kind: 'engineAnswers' });
  }

  #failed(kind: Kind, failure: ApiFailure): void {
    const wasSilent = this.silence !== null;
    const reason = `kubernetes: ${this.#calls.api.server} does not say what runs in ${this.#calls.namespace}: ${failure.message}`;
    this.#failing.set(kind, reason);
    if (!wasSilent) this.#tell({ kind: 'engineSilent', reason });
  }

  #tell(event: WatchEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}
