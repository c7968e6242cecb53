import { event as draft, type EventDraft } from '../domain/events.ts';
import { portError, type PortError } from '../domain/failures.ts';
import { parseTaskKey, type RunnerId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Reply } from '../ports/reply.ts';
import { parseRunnerResult } from '../protocol/runner-result.ts';
import type { Beat, ExpectedRunner, HeardRunner, HeartbeatTable, RunnerIdentity } from './heartbeats.ts';
import type { Office, Ports } from './ports.ts';

/** Who speaks, as its token proves. */
export interface Bearer {
  readonly runnerId: RunnerId;
  readonly attempt: number;
}

export interface HeartbeatAnswer {
  readonly directive: 'continue' | 'stop';
  /** ms since the epoch at which its run-time limit is reached; `null`: there is none. */
  readonly deadline: number | null;
}

export interface Artifact {
  readonly type: string;
  readonly uri: string;
  readonly size_bytes?: number | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface RunnerDeskParts {
  readonly ports: Pick<Ports, 'clock' | 'registry' | 'reports'>;
  readonly office: Pick<Office, 'epoch'>;
  readonly heartbeats: HeartbeatTable;
  /** Whether it is known by now whom an earlier dispatcher left. */
  readonly isRecovered: () => boolean;
  readonly record: (event: EventDraft) => void;
}

export const MOST_ARTIFACTS = 1_000;
/** Characters of a refused report that are kept for a person to read. */
const KEPT_OF_REPORT = 16_384;
/** Refused reports that are kept of one runner, and runners of which it is known how many. */
const KEPT_REPORTS = 3;
const REMEMBERED = 1_000;

const waitForRecovery = portError('unavailable', 'the dispatcher has just started and does not know its runners yet; try again in a moment');

/**
 * Takes what runners say over the protocol. Everything is checked against the attempt that is current at
 * this moment; what comes too late changes nothing and is kept as an event. Fails with `fenced` where the
 * attempt is over or is another one, with `unavailable` while it is not known who runs.
 */
export class RunnerDesk {
  readonly #parts: RunnerDeskParts;
  /** How many refused reports were kept of a runner. Bounded: the oldest are forgotten. */
  readonly #kept = new Map<RunnerId, number>();
  /** Completions on their way to the disk, with whoever sent the same again. */
  readonly #keeping = new Map<RunnerId, { readonly text: string; readonly replies: Reply<null>[] }>();

  constructor(parts: RunnerDeskParts) {
    this.#parts = parts;
  }

  heartbeat(bearer: Bearer, beat: Beat): Result<HeartbeatAnswer, PortError> {
    const runner = this.#current(bearer);
    if (!runner.ok) return runner;
    const { heartbeats, ports } = this.#parts;
    if (!runner.value.spoke) ports.reports.noteSpoken(bearer.runnerId);
    heartbeats.heard(runner.value, beat);
    const { stopping, watched } = runner.value;
    return ok({ directive: stopping ? 'stop' : 'continue', deadline: watched?.limitWallAt ?? null });
  }

  /** Where its files are. */
  identity(bearer: Bearer): Result<ExpectedRunner, PortError> {
    const runner = this.#current(bearer);
    return runner.ok ? ok(runner.value.identity) : runner;
  }

  /** Durable before the reply. The same again is well; another one is `fenced`, as one that comes too late is. */
  complete(bearer: Bearer, text: string, reply: Reply<null>): void {
    const result = parseRunnerResult(text);
    if (!result.ok) return this.#later(() => reply(err(portError('invalid', result.error))));
    const runner = this.#current(bearer);
    const said = runner.ok ? (runner.value.completion?.text ?? this.#keeping.get(bearer.runnerId)?.text) : undefined;
    if (!runner.ok || (said !== undefined && said !== text)) {
      const error = runner.ok ? portError('fenced', 'this runner has already reported another result') : runner.error;
      if (error.kind === 'fenced') this.#keepRefused(bearer, runner.ok ? runner.value.identity : null, error.message, text);
      return this.#later(() => reply(err(error)));
    }
    if (runner.value.completion !== null) return this.#later(() => reply(ok(null)));
    const underWay = this.#keeping.get(bearer.runnerId);
    if (underWay !== undefined) return void underWay.replies.push(reply);
    const { ports, heartbeats } = this.#parts;
    const at = ports.clock.wall();
    const replies = [reply];
    this.#keeping.set(bearer.runnerId, { text, replies });
    heartbeats.heard(runner.value, {});
    ports.reports.keepCompletion(bearer.runnerId, { text, at }, (kept) => {
      this.#keeping.delete(bearer.runnerId);
      const answer = kept.ok ? this.#current(bearer) : kept;
      if (answer.ok && answer.value !== null) heartbeats.complete(answer.value, { text, result: result.value, at });
      else if (!answer.ok && answer.error.kind === 'fenced') {
        // It ended while its word was being written down.
        if (heartbeats.find(bearer.runnerId) === undefined) ports.reports.forget(bearer.runnerId);
        this.#keepRefused(bearer, runner.value.identity, answer.error.message, text);
      }
      for (const each of replies) each(answer.ok ? ok(null) : answer);
    });
  }

  /** Stored before the reply; the same again is stored once. `invalid` once it has reported too many. */
  artifact(bearer: Bearer, artifact: Artifact, reply: Reply<null>): void {
    const runner = this.#current(bearer);
    if (!runner.ok) {
      if (runner.error.kind === 'fenced') this.#keepRefused(bearer, null, runner.error.message, JSON.stringify(artifact));
      return this.#later(() => reply(runner));
    }
    const { ports, office, heartbeats } = this.#parts;
    if (runner.value.artifacts >= MOST_ARTIFACTS) {
      const error = portError('invalid', `at most ${MOST_ARTIFACTS} artifacts of one attempt are kept`);
      return this.#later(() => reply(err(error)));
    }
    runner.value.artifacts += 1;
    heartbeats.heard(runner.value, {});
    const { runnerId } = bearer;
    const event = draft('ArtifactReported', ports.clock.wall(), `runner:${runnerId}`, {
      ...named(runner.value.identity),
      details: { ...artifact },
    });
    const key = `${runnerId}|artifact|${JSON.stringify([artifact.type, artifact.uri, artifact.size_bytes, artifact.metadata])}`;
    ports.registry.record({ epoch: office.epoch, events: [{ key, event }] }, (recorded) => reply(recorded.ok ? ok(null) : recorded));
  }

  #current({ runnerId, attempt }: Bearer): Result<HeardRunner, PortError> {
    const { heartbeats, isRecovered } = this.#parts;
    const runner = heartbeats.find(runnerId);
    if (runner === undefined && !isRecovered()) return err(waitForRecovery);
    if (runner === undefined || runner.ended || runner.identity.attempt !== attempt) {
      return err(portError('fenced', `attempt ${attempt} of ${runnerId} is over; what it says counts no longer: stop working`));
    }
    return ok(runner);
  }

  #later(fn: () => void): void {
    this.#parts.ports.clock.setTimeout(fn, 0);
  }

  #keepRefused(bearer: Bearer, identity: RunnerIdentity | null, why: string, report: string): void {
    const { runnerId, attempt } = bearer;
    const kept = this.#kept.get(runnerId) ?? 0;
    this.#kept.delete(runnerId);
    this.#kept.set(runnerId, kept + 1);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= REMEMBERED) break;
      this.#kept.delete(oldest);
    }
    if (kept >= KEPT_REPORTS) return;
    const details = { why, report: report.slice(0, KEPT_OF_REPORT), ...(report.length > KEPT_OF_REPORT ? { length: report.length } : {}) };
    const about = identity === null ? { runnerId, attempt } : named(identity);
    this.#parts.record(draft('ReportRefused', this.#parts.ports.clock.wall(), `runner:${runnerId}`, { ...about, details }));
  }
}

const named = ({ runnerId, key, attempt, pool, slotId }: RunnerIdentity) => {
  const task = parseTaskKey(key);
  return { spec: task?.spec ?? null, taskId: task?.id ?? null, attempt, runnerId, slotId, pool };
};
