import { z } from 'zod';
import type { Configuration } from '../config/configuration.ts';
import { configurationDifference } from '../config/configuration-difference.ts';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { LiveDispatcher } from './live-dispatcher.ts';

/** `POST /api/v1/reload` and `reload --json`: what is different now. */
export const reloadSchema = z.object({
  /** Names of pools. */
  added: z.array(z.string()),
  removed: z.array(z.string()),
  /** Keys, by the name of the pool. */
  changed: z.record(z.string(), z.array(z.string())),
  /** Keys of everything but pools. */
  settings: z.array(z.string()),
  /** Written differently, and of no effect before the next start. */
  needs_restart: z.array(z.string()),
  /** Limits that disagree and the like, as `validate` tells them. */
  notes: z.array(z.string()),
});
export type ReloadReport = z.infer<typeof reloadSchema>;

export interface ReloadTerms {
  /** In force since the start. */
  readonly configuration: Configuration;
  /** Reads the files again; the errors are lines. `null`: nobody said where it comes from. */
  readonly reread: (() => Result<Configuration, readonly string[]>) | null;
  /** Opens what launchers these pools need and are not there yet. */
  readonly openLaunchers: (pools: readonly PoolSettings[]) => Promise<Result<null, PortError>>;
  readonly live: Pick<LiveDispatcher, 'configure'>;
  readonly telemetry: Telemetry;
}

/** One line for people. */
export const reloadText = ({ added, removed, changed, settings, needs_restart: restart }: ReloadReport): string => {
  const parts = [
    ...added.map((name) => `pool ${name} added`),
    ...removed.map((name) => `pool ${name} removed`),
    ...Object.entries(changed).map(([name, keys]) => `pool ${name}: ${keys.join(', ')} changed`),
    ...(settings.length === 0 ? [] : [`${settings.join(', ')} changed`]),
    ...(restart.length === 0 ? [] : [`${restart.join(', ')} needs a restart`]),
  ];
  return `configuration read again: ${parts.length === 0 ? 'nothing is different' : parts.join('; ')}`;
};

/** Reads the configuration again while a dispatcher works. One reload at a time, in the order of asking. */
export class Reloading {
  readonly #terms: ReloadTerms;
  #inForce: Configuration;
  #last: Promise<unknown> = Promise.resolve();

  constructor(terms: ReloadTerms) {
    this.#terms = terms;
    this.#inForce = terms.configuration;
  }

  /**
   * `invalid`: the files are wrong, and nothing has changed; `unavailable`: not just now.
   *
   * @param actor who asks, for the event
   */
  reload(actor: string): Promise<Result<ReloadReport, PortError>> {
    const next = this.#last.then(() => this.#reload(actor));
    this.#last = next;
    return next;
  }

  async #reload(actor: string): Promise<Result<ReloadReport, PortError>> {
    const done = await this.#apply(actor);
    const message = done.ok ? reloadText(done.value) : `the configuration is not read again, and nothing has changed: ${done.error.message}`;
    this.#terms.telemetry.tell(
      done.ok ? { type: 'reloaded', message } : { type: 'trouble', message, task: null, pool: null },
    );
    return done;
  }

  async #apply(actor: string): Promise<Result<ReloadReport, PortError>> {
    const { reread, openLaunchers, live } = this.#terms;
    if (reread === null) return err(portError('unavailable', 'this dispatcher was not started from files'));
    const read = reread();
    if (!read.ok) return err(portError('invalid', read.error.join('; ')));
    const { difference, effective } = configurationDifference(this.#inForce, read.value);
    const opened = await openLaunchers(effective.pools);
    if (!opened.ok) return opened;
    const { needsRestart, ...rest } = difference;
    const report = { ...rest, needs_restart: needsRestart };
    const configured = live.configure({ settings: effective.dispatcher, pools: effective.pools, actor, changes: report });
    if (!configured.ok) return configured;
    this.#inForce = effective;
    return ok(reloadSchema.parse({ ...report, notes: effective.notes }));
  }
}
