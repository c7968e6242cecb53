import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { KubernetesApi } from './api.ts';
import type { ApiFailure } from './api-failure.ts';
import type { Fields } from './merge-fields.ts';
import { registrySelector, RUNNER_CONTAINER, RUNNER_LABEL } from './names.ts';
import { eventListSchema, jobSchema, listSchema, podSchema, type Job, type Pod } from './objects.ts';
import { signalScript } from './run-script.ts';

type Answer<T> = Promise<Result<T, ApiFailure>>;

const unreadable = (what: string): ApiFailure => ({
  status: null,
  reason: '',
  message: `${what} was answered with something else`,
  retryAfterMs: null,
});

export const readJob = (object: unknown): Job | null => jobSchema.safeParse(object).data ?? null;
export const readPod = (object: unknown): Pod | null => podSchema.safeParse(object).data ?? null;

const itemsOf = <T>(list: unknown, read: (object: unknown) => T | null): readonly T[] => {
  const { items } = listSchema.parse(list);
  return items.map(read).filter((object) => object !== null);
};

/** What is asked of one namespace, as one registry. */
export class JobCalls {
  readonly api: KubernetesApi;
  readonly namespace: string;
  readonly registry: RegistryId;

  constructor(api: KubernetesApi, namespace: string, registry: RegistryId) {
    this.api = api;
    this.namespace = namespace;
    this.registry = registry;
  }

  get jobsPath(): string {
    return `/apis/batch/v1/namespaces/${this.namespace}/jobs`;
  }

  get podsPath(): string {
    return `/api/v1/namespaces/${this.namespace}/pods`;
  }

  get selector(): string {
    return registrySelector(this.registry);
  }

  async create(manifest: Fields): Answer<Job> {
    const answer = await this.api.post(this.jobsPath, manifest);
    if (!answer.ok) return answer;
    const job = readJob(answer.value);
    return job === null ? err(unreadable('the creation of a Job')) : ok(job);
  }

  /** `null`: there is none. */
  async find(name: string): Answer<Job | null> {
    const answer = await this.api.get(`${this.jobsPath}/${name}`);
    if (!answer.ok) return answer.error.status === 404 ? ok(null) : answer;
    const job = readJob(answer.value);
    return job === null ? err(unreadable(`Job ${name}`)) : ok(job);
  }

  /** Of one runner, by its label. */
  async pods(runnerLabel: string): Answer<readonly Pod[]> {
    const labelSelector = `${this.selector},${RUNNER_LABEL}=${runnerLabel}`;
    const answer = await this.api.get(this.podsPath, { query: { labelSelector } });
    if (!answer.ok) return answer;
    return ok(itemsOf(answer.value, readPod));
  }

  /** Everything of this registry there is. */
  async all(): Answer<readonly (Job | Pod)[]> {
    const query = { labelSelector: this.selector };
    const jobs = await this.api.get(this.jobsPath, { query });
    if (!jobs.ok) return jobs;
    const pods = await this.api.get(this.podsPath, { query });
    if (!pods.ok) return pods;
    return ok([...itemsOf(jobs.value, readJob), ...itemsOf(pods.value, readPod)]);
  }

  /**
   * Foreground keeps the Job, being deleted, until its pods are gone; Background removes it at once and
   * them after it. Either way its controller makes no new pod. One that is not there is no failure.
   */
  async deleteJob(name: string, uid: string, propagationPolicy: 'Foreground' | 'Background'): Answer<null> {
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy, preconditions: { uid } };
    return this.#gone(await this.api.delete(`${this.jobsPath}/${name}`, options));
  }

  /** At least one second: with 0 the pod is forgotten at once, whether it is dead or not. */
  async deletePod({ metadata: { name, uid } }: Pod, graceSeconds: number): Answer<null> {
    const gracePeriodSeconds = Math.max(1, graceSeconds);
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds, preconditions: { uid } };
    return this.#gone(await this.api.delete(`${this.podsPath}/${name}`, options));
  }

  /** Signals what runs in a pod's container by way of the container's own shell. */
  signal({ metadata: { name } }: Pod, signal: 'TERM' | 'KILL'): Answer<null> {
    return this.api.execute(this.namespace, name, RUNNER_CONTAINER, ['/bin/sh', '-c', signalScript(signal)]);
  }

  /** What went wrong lately with a Job, as its controller tells it; `null`: nothing is known. */
  async complaint(uid: string): Promise<string | null> {
    const query = { fieldSelector: `involvedObject.uid=${uid},type=Warning` };
    const answer = await this.api.get(`/api/v1/namespaces/${this.namespace}/events`, { query });
    const events = answer.ok ? eventListSchema.safeParse(answer.value) : null;
    const last = events?.data?.items.at(-1);
    return last === undefined ? null : `${last.reason}: ${last.message}`;
  }

  #gone(answer: Result<unknown, ApiFailure>): Result<null, ApiFailure> {
    // 409: one of that name is there, but it is another one.
    if (!answer.ok && answer.error.status !== 404 && answer.error.status !== 409) return answer;
    return ok(null);
  }
}
