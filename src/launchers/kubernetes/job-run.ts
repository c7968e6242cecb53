import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { ExitReport, JobHandle, StopReport } from '../../ports/launcher.ts';
import type { Endings, FinalEvent } from '../endings.ts';
import { asPortError } from './api-failure.ts';
import type { JobCalls } from './job-calls.ts';
import { JobStopper, stopReport } from './job-stopper.ts';
import { labelValue } from './names.ts';
import type { Job, Pod } from './objects.ts';
import { PodLog } from './pod-log.ts';
import { forgetRecord, noteEnd } from './run-record.ts';
import type { RunTerms } from './run-terms.ts';
import { verdictOf, type Verdict } from './verdict.ts';

/** How often it is tried again what has to be done while the server does not answer, in ms. */
const RETRY_MS = 1_000;
/** Age from which on a Job without a pod is asked about, and how often, in ms. */
const NO_POD_MS = 3_000;

type Started = Result<null, PortError>;

/** One Job and its pod, from the moment that it is known to be there until its end is told. */
export class JobRun {
  readonly handle: JobHandle;
  readonly #calls: JobCalls;
  readonly #endings: Endings;
  readonly #terms: RunTerms;
  readonly #known = performance.now();
  readonly #started = Promise.withResolvers<Started>();
  /** Nobody waits for the start any more: what happens is told by its ending. */
  #startTold = false;
  #jobGone = false;
  #job: Job | null = null;
  #pod: Pod | null = null;
  #podGone = false;
  #hasRun = false;
  #log: PodLog | null = null;
  #over = false;
  #askedAbout = 0;
  #complaint: string | null = null;
  #tellWaiting: (reason: string) => void = () => undefined;
  #toldWaiting: string | null = null;
  #stopAskedAt: number | null = null;
  #stopper: JobStopper | null = null;

  constructor(handle: JobHandle, calls: JobCalls, endings: Endings, terms: RunTerms) {
    this.handle = handle;
    this.#calls = calls;
    this.#endings = endings;
    this.#terms = terms;
  }

  get label(): string {
    return labelValue(this.handle.runnerId);
  }

  /** Resolves when its command runs or has run, when it is decided that it never will, or after `patienceMs`. */
  async started(patienceMs: number): Promise<Started> {
    const giveUp = new AbortController();
    const patience = delay(patienceMs, ok(null), { signal: giveUp.signal }).catch(() => ok(null));
    const first = await Promise.race([this.#started.promise, patience]);
    giveUp.abort();
    // What is decided is waited for: clearing away can take longer than the patience.
    const started = this.#over ? await this.#started.promise : first;
    if (started.ok) this.#startTold = true;
    return started;
  }

  /** Nobody will ask for its start. */
  adopted(): void {
    this.#startTold = true;
  }

  /** Hears each new reason for which the pod does not run yet. */
  onWaiting(tell: (reason: string) => void): void {
    this.#tellWaiting = tell;
    if (this.#toldWaiting !== null) tell(this.#toldWaiting);
  }

  sawJob(job: Job): void {
    if (job.metadata.uid !== this.handle.uid) return;
    this.#job = job;
    this.weigh();
  }

  sawPod(pod: Pod): void {
    if (!this.#isMine(pod)) return;
    if (this.#pod !== null && this.#pod.metadata.uid !== pod.metadata.uid) return this.#sawReplacement(pod);
    this.#pod = pod;
    this.weigh();
  }

  lostJob(job: Job): void {
    if (job.metadata.uid !== this.handle.uid) return;
    this.#jobGone = true;
    this.weigh();
  }

  lostPod(pod: Pod): void {
    if (!this.#isMine(pod) || (this.#pod !== null && this.#pod.metadata.uid !== pod.metadata.uid)) return;
    this.#pod = pod;
    this.#podGone = true;
    this.weigh();
  }

  /** Everything there is was listed; the listing began at this monotonic time. */
  listed(begunAt: number): void {
    if (this.#job === null && this.#pod === null && begunAt > this.#known) this.#jobGone = true;
    this.weigh();
  }

  #isMine(pod: Pod): boolean {
    return pod.metadata.ownerReferences.some(({ uid }) => uid === this.handle.uid);
  }

  /** Before 1.28, a Job whose pod is deleted under it makes another one at once: it must not run. */
  #sawReplacement(pod: Pod): void {
    if (pod.metadata.creationTimestamp < (this.#pod?.metadata.creationTimestamp ?? '')) return;
    void this.#calls.deleteJob(this.handle.name, this.handle.uid, 'Background');
    void this.#calls.deletePod(pod, 1);
  }

  /** Draws the conclusion from what is known. Called on every change, and now and then for the time that passed. */
  weigh(): void {
    if (this.#over) return;
    const verdict = this.#verdict(Date.now());
    switch (verdict.kind) {
      case 'ended':
        return void this.#conclude({ kind: 'exited', exit: this.#timed(verdict.exit) });
      case 'notStarted':
        return void this.#fail(verdict.reason, verdict.retryable);
      case 'lost':
        return this.#vanish(`${verdict.reason}, and nobody saw how it ended`);
      case 'running':
        this.#hasRun = true;
        if (this.#podGone) return this.#vanish();
        this.#started.resolve(ok(null));
        return this.#followLog();
      case 'pending':
        if (this.#podGone || (this.#jobGone && this.#pod === null)) return this.#vanish();
        if (this.#stopAskedAt !== null) return;
        return this.#wait(verdict.reason ?? this.#complaint, verdict.failsAs === 'transient');
    }
  }

  #verdict(now: number): Verdict {
    return verdictOf({ job: this.#job, pod: this.#pod, hasRun: this.#hasRun, limitMb: this.#terms.limitMb, now });
  }

  #wait(reason: string | null, retryable: boolean): void {
    if (reason !== null && reason !== this.#toldWaiting) this.#tellWaiting(reason);
    this.#toldWaiting = reason;
    const waited = performance.now() - this.#known;
    if (waited > this.#terms.scheduleTimeoutMs) {
      return void this.#fail(`not started within ${Math.round(this.#terms.scheduleTimeoutMs / 1000)} s${reason === null ? '' : `: ${reason}`}`, retryable);
    }
    if (this.#pod === null && waited > NO_POD_MS && performance.now() - this.#askedAbout > NO_POD_MS) void this.#askAbout();
  }

  /** A Job without a pod says why in its events alone: a quota, a service account that is not there. */
  async #askAbout(): Promise<void> {
    this.#askedAbout = performance.now();
    this.#complaint = (await this.#calls.complaint(this.handle.uid)) ?? this.#complaint;
    if (this.#over || this.#pod !== null || this.#complaint === null) return;
    const isFinal = /FailedCreate/.test(this.#complaint) && /forbidden|invalid/i.test(this.#complaint);
    if (isFinal && !this.#complaint.includes('exceeded quota')) void this.#fail(this.#complaint, false);
  }

  /** Its end is known, or being looked into. */
  get isOver(): boolean {
    return this.#over;
  }

  #followLog(): void {
    if (this.#pod === null) return;
    const { api, namespace } = this.#calls;
    this.#log ??= new PodLog(api, namespace, this.#pod.metadata.name, join(this.handle.runDir, 'output.log'));
    this.#log.follow();
  }

  /** Kubernetes' times have whole seconds: what was over in the second of a stop was ended by it. */
  #timed(exit: ExitReport): ExitReport {
    const asked = this.#stopAskedAt;
    return asked !== null && exit.at + 1000 >= asked ? { ...exit, at: Math.max(exit.at, asked + 1) } : exit;
  }

  #vanish(seen?: string): void {
    if (this.#stopAskedAt !== null) {
      return void this.#conclude({ kind: 'vanished', reason: 'its pod was stopped, and nobody saw how it ended' });
    }
    const gone = this.#podGone ? 'its pod was deleted (was its node drained?)' : 'its Job was deleted by somebody else';
    void this.#discard().then(() => this.#conclude({ kind: 'vanished', reason: seen ?? gone }));
    this.#over = true;
  }

  async #conclude(final: FinalEvent): Promise<void> {
    this.#over = true;
    if (this.#pod !== null && final.kind === 'exited') this.#followLog();
    await this.#log?.finish();
    if (this.#calls.api.closed) return;
    await this.#noteEnd(final);
    this.#started.resolve(ok(null));
    this.#endings.settle(this.handle.runnerId, final);
  }

  /** Its command never ran and is not to: what is there of it is removed before anybody hears of it. */
  async #fail(reason: string, retryable: boolean): Promise<void> {
    this.#over = true;
    await this.#discard();
    if (this.#calls.api.closed) return;
    if (!this.#startTold) {
      await forgetRecord(this.handle.runDir).catch(() => undefined);
      this.#started.resolve(err(portError(retryable ? 'transient' : 'permanent', reason)));
      return;
    }
    const exit: ExitReport = { exitCode: null, signal: null, at: Date.now(), result: null, cause: { kind: 'notStarted', reason, retryable } };
    const final: FinalEvent = { kind: 'exited', exit };
    await this.#noteEnd(final);
    this.#endings.settle(this.handle.runnerId, final);
  }

  /** Without the note the end is told all the same; only a crash before it is settled would miss it. */
  async #noteEnd(final: FinalEvent): Promise<void> {
    await noteEnd(this.handle.runDir, final).catch(() => undefined);
  }

  /** Deletes the Job and waits until no pod of it is left, however long the server takes. */
  async #discard(): Promise<void> {
    while (!this.#calls.api.closed) {
      const deleted = await this.#calls.deleteJob(this.handle.name, this.handle.uid, 'Background');
      const left = deleted.ok ? await this.#calls.pods(this.label) : deleted;
      if (left.ok) {
        const mine = left.value.filter((pod) => this.#isMine(pod));
        if (mine.length === 0) return;
        for (const pod of mine) if (pod.metadata.deletionTimestamp === undefined) await this.#calls.deletePod(pod, 1);
      }
      await delay(RETRY_MS);
    }
  }

  /** Terminates, kills after the grace, and resolves when its container is dead, or has outlived that by far. */
  async stop(graceMs: number): Promise<Result<StopReport, PortError>> {
    const before = this.#endings.final(this.handle.runnerId);
    if (before !== null) return ok(stopReport(before));
    this.#stopAskedAt ??= Date.now();
    const pods = await this.#calls.pods(this.label);
    if (!pods.ok) return err(asPortError(`the pods of Job ${this.handle.name} are not known`, pods.error));
    for (const pod of pods.value) this.sawPod(pod);
    this.#stopper ??= new JobStopper(this.handle, this.#calls, this.#endings);
    return this.#stopper.stop(graceMs, this.#hasRun ? this.#pod : null);
  }

  /** Reads no more; what goes on goes on. */
  abandon(): void {
    this.#over = true;
    this.#log?.abandon();
  }
}
