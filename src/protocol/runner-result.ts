import { z } from 'zod';
import type { RunnerResult } from '../domain/outcome.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** What a runner reports, by `result.json` or by HTTP. `retry_after` in seconds. */
export const runnerResultSchema = z.object({
  status: z.enum(['done', 'no_change', 'failed', 'needs_input', 'needs_review', 'rate_limited']),
  reason: z.string().nullish(),
  summary: z.string().nullish(),
  retryable: z.boolean().nullish(),
  retry_after: z.number().nonnegative().nullish(),
  usage: z.record(z.string(), z.unknown()).nullish(),
  artifacts: z.array(z.unknown()).nullish(),
});

/** A result as a runner writes it. */
export type ReportedResult = z.input<typeof runnerResultSchema>;

/** Reads what a runner wrote. The error is one line that says where it is wrong. */
export const parseRunnerResult = (text: string): Result<RunnerResult, string> => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return err(`is not JSON (${error instanceof Error ? error.message.split('\n')[0] : 'unreadable'})`);
  }
  const parsed = runnerResultSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err(`${issue?.path.join('.') || 'top level'}: ${issue?.message ?? 'invalid'}`);
  }
  const { status, reason, summary, retryable, retry_after: retryAfter } = parsed.data;
  return ok({
    status,
    reason: reason ?? null,
    summary: summary ?? null,
    retryable: retryable ?? null,
    retryAfterMs: retryAfter == null ? null : Math.round(retryAfter * 1000),
  });
};
