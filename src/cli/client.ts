import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { portError, type PortError } from '../domain/failures.ts';
import type { TaskKey } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { isToken, proofOf, readAdminToken } from '../server/admin-token.ts';
import { readEndpoint } from '../server/endpoint-file.ts';
import { reloadSchema, type ReloadReport } from '../server/reloading.ts';
import { ACTOR_HEADER } from '../server/request-header.ts';
import { poolSchema, statusSchema, type PoolReport, type StatusReport } from '../server/status.ts';
import { pathOfTask } from '../server/task-path.ts';
import { person } from './person.ts';
import type { Wish } from './wish.ts';

const submitSchema = z.object({
  spec: z.string(),
  accepted: z.boolean(),
  added: z.array(z.string()),
  replaced: z.array(z.string()),
  unchanged: z.array(z.string()),
  cancelled: z.array(z.string()),
  untouched: z.array(z.string()),
  changedDone: z.array(z.string()),
  markedDone: z.array(z.string()),
});
const healthSchema = z.object({ proof: z.string() });
const problemSchema = z.object({ detail: z.string() });
const whySchema = z.looseObject({ code: z.string(), text: z.string() });
const detailSchema = z.looseObject({ state: z.string(), why: whySchema });
const operationSchema = z.looseObject({ state: z.string(), changed: z.boolean(), stopping: z.boolean() });
const deadlockSchema = z.object({
  deadlocks: z
    .array(
      z.object({
        kind: z.string(),
        cause: z.string().nullable(),
        path: z.array(z.string()).readonly(),
        held_up: z.number(),
        held_up_is_exact: z.boolean(),
        tasks: z.array(z.string()).readonly(),
        text: z.string(),
        resolve: z.array(z.string()).readonly(),
      }),
    )
    .readonly(),
  stuck: z.number(),
});
export type DeadlockAnswer = z.infer<typeof deadlockSchema>;
const drainSchema = z.object({ running: z.number() });
export type OperationAnswer = z.infer<typeof operationSchema>;
export type SubmitAnswer = z.infer<typeof submitSchema>;

export interface SubmitOptions {
  readonly fresh: boolean;
  readonly changedDone: 'refuse' | 'redo' | 'keep';
  readonly force: boolean;
}

interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The API of the dispatcher that is alive here. */
export class ApiClient {
  readonly url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /**
   * `null` when no dispatcher of this state folder answers: none runs, or `endpoint.json` is left over
   * from one that died and somebody else has its port now, who must not be shown the token.
   */
  static async connect(stateDir: string): Promise<ApiClient | null> {
    const endpoint = readEndpoint(stateDir);
    const token = readAdminToken(stateDir);
    if (endpoint === null || token === null) return null;
    return (await hasToken(endpoint.url, token)) ? new ApiClient(endpoint.url, token) : null;
  }

  async submit(text: string, options: SubmitOptions): Promise<Result<SubmitAnswer, PortError>> {
    const query = new URLSearchParams({
      fresh: String(options.fresh),
      changed_done: options.changedDone,
      force: String(options.force),
    });
    const answer = await this.#call(`/api/v1/tasksets?${query.toString()}`, { method: 'POST', body: text });
    return parsedAs(submitSchema, answer);
  }

  async status(): Promise<Result<StatusReport, PortError>> {
    return parsedAs(statusSchema, await this.#call('/api/v1/status', {}));
  }

  /** @param names wanted of the tasks that each finding holds up */
  async deadlocks(names: number): Promise<Result<DeadlockAnswer, PortError>> {
    return parsedAs(deadlockSchema, await this.#call(`/api/v1/deadlocks?names=${names}`, {}));
  }

  /** Everything about one task, with why it does not run; as `task show --json` has it. */
  async task(key: TaskKey): Promise<Result<z.infer<typeof detailSchema>, PortError>> {
    return parsedAs(detailSchema, await this.#call(pathOfTask(key), {}));
  }

  async operate(key: TaskKey, wish: Wish): Promise<Result<OperationAnswer, PortError>> {
    return parsedAs(operationSchema, await this.#call(...requestOf(key, wish)));
  }

  /** @param change `state` and `max_concurrency`, either or both */
  async changePool(name: string, change: Readonly<Record<string, unknown>>): Promise<Result<PoolReport, PortError>> {
    const body = JSON.stringify(change);
    return parsedAs(poolSchema, await this.#call(`/api/v1/pools/${encodeURIComponent(name)}`, { method: 'PATCH', body }));
  }

  async reload(): Promise<Result<ReloadReport, PortError>> {
    return parsedAs(reloadSchema, await this.#call('/api/v1/reload', { method: 'POST' }));
  }

  /** How many runners it waits for. */
  async drain(): Promise<Result<{ readonly running: number }, PortError>> {
    return parsedAs(drainSchema, await this.#call('/api/v1/drain', { method: 'POST' }));
  }

  async #call(path: string, init: RequestInit): Promise<Result<HttpAnswer, PortError>> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        ...init,
        headers: { Authorization: `Bearer ${this.#token}`, [ACTOR_HEADER]: encodeURIComponent(person()) },
      });
      return ok({ status: response.status, body: await response.json() });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      return err(portError('transient', `the dispatcher at ${this.url} does not answer (${cause})`));
    }
  }
}

/**
 * How long a dispatcher that lives may take to say so, in ms: its first answer loads the server's libraries,
 * which took 3 s and more on a machine with ten times the work it can do. Where nobody listens that is known at once.
 */
const ANSWER_MS = 15_000;

/** Whether whoever listens there has our token, without a word about it. */
const hasToken = async (url: string, token: string): Promise<boolean> => {
  const nonce = randomBytes(16).toString('hex');
  try {
    const response = await fetch(`${url}/healthz?nonce=${nonce}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const health = healthSchema.safeParse(await response.json());
    return health.success && isToken(health.data.proof, proofOf(nonce, token));
  } catch {
    return false;
  }
};

const problemOf = (answer: HttpAnswer): PortError => {
  const problem = problemSchema.safeParse(answer.body);
  const text = problem.success ? problem.data.detail : `unexpected answer with status ${answer.status}`;
  if (answer.status === 404) return portError('notFound', text);
  return portError(answer.status < 500 ? 'invalid' : 'transient', text);
};

const parsedAs = <T>(schema: z.ZodType<T>, answer: Result<HttpAnswer, PortError>): Result<T, PortError> => {
  if (!answer.ok) return answer;
  const parsed = schema.safeParse(answer.value.body);
  return parsed.success ? ok(parsed.data) : err(problemOf(answer.value));
};

const requestOf = (key: TaskKey, wish: Wish): [path: string, init: RequestInit] => {
  const path = pathOfTask(key);
  const post = (name: string, body: unknown): [string, RequestInit] => [`${path}/${name}`, { method: 'POST', body: JSON.stringify(body) }];
  switch (wish.kind) {
    case 'setPriority':
      return [path, { method: 'PATCH', body: JSON.stringify({ priority: wish.priority }) }];
    case 'dropDependency':
      return post('drop-dependency', { dependency: wish.dependency });
    case 'cancel':
    case 'retry':
    case 'skip':
      return post(wish.kind, wish.reason === null ? {} : { reason: wish.reason });
  }
};
