import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { isToken, proofOf, readAdminToken } from '../server/admin-token.ts';
import { readEndpoint } from '../server/endpoint-file.ts';
import { statusSchema, type StatusReport } from '../server/status.ts';

const submitSchema = z.object({
  spec: z.string(),
  accepted: z.boolean(),
  added: z.array(z.string()),
  replaced: z.array(z.string()),
  unchanged: z.array(z.string()),
  cancelled: z.array(z.string()),
  untouched: z.array(z.string()),
  changedDone: z.array(z.string()),
});
const healthSchema = z.object({ proof: z.string() });
const problemSchema = z.object({ detail: z.string() });
export type SubmitAnswer = z.infer<typeof submitSchema>;

export interface SubmitOptions {
  readonly fresh: boolean;
  readonly changedDone: 'refuse' | 'redo' | 'keep';
  readonly force: boolean;
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
    if (!answer.ok) return answer;
    const parsed = submitSchema.safeParse(answer.value.body);
    return parsed.success ? ok(parsed.data) : err(problemOf(answer.value));
  }

  async status(): Promise<Result<StatusReport, PortError>> {
    const answer = await this.#call('/api/v1/status', {});
    if (!answer.ok) return answer;
    const parsed = statusSchema.safeParse(answer.value.body);
    return parsed.success ? ok(parsed.data) : err(problemOf(answer.value));
  }

  async #call(path: string, init: RequestInit): Promise<Result<{ status: number; body: unknown }, PortError>> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        ...init,
        headers: { Authorization: `Bearer ${this.#token}` },
      });
      return ok({ status: response.status, body: await response.json() });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      return err(portError('transient', `the dispatcher at ${this.url} does not answer (${cause})`));
    }
  }
}

/** How long a dispatcher that lives may take to say so, in ms. */
const ANSWER_MS = 3000;

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

const problemOf = (answer: { readonly status: number; readonly body: unknown }): PortError => {
  const problem = problemSchema.safeParse(answer.body);
  const text = problem.success ? problem.data.detail : `unexpected answer with status ${answer.status}`;
  return portError(answer.status < 500 ? 'invalid' : 'transient', text);
};
