import type { DispatcherMessage } from '../../machines/messages.ts';
import { event as draft } from '../domain/events.ts';
import type { RunnerId } from '../domain/ids.ts';
import type { Launcher, StopReport } from '../ports/launcher.ts';
import type { Answer } from './port-actor.ts';
import type { SweepParts } from './sweep-parts.ts';

/** Between two looks, and how long one must have been seen without an owner before it is ended. */
const EVERY_MS = 60_000;

/**
 * Ends what an engine has of this registry and no open attempt owns, however it came to be: seen twice, a
 * minute apart, unknown to this dispatcher both times and to the registry at the end, while this one is
 * still in office. Times in attended ms.
 */
export class OrphanSweep {
  readonly #parts: SweepParts;
  readonly #record: Answer<DispatcherMessage>;
  /** When each was first seen without an owner, by engine. */
  #seen = new Map<Launcher, ReadonlyMap<RunnerId, number>>();
  #lookedAt: number | null = null;

  constructor(parts: SweepParts, record: Answer<DispatcherMessage>) {
    this.#parts = parts;
    this.#record = record;
  }

  /** Looks when it is time to. */
  look(now: number): void {
    // The first look comes with the first sweep after recovery.
    if (this.#lookedAt !== null && now - this.#lookedAt < EVERY_MS) return;
    this.#lookedAt = now;
    for (const launcher of new Set(this.#parts.ports.launchers.values())) this.#lookAt(launcher, now);
  }

  #lookAt(launcher: Launcher, now: number): void {
    launcher.list((listed) => {
      // A silent engine says nothing, and what was seen before counts no longer.
      if (!listed.ok) return void this.#seen.delete(launcher);
      const before = this.#seen.get(launcher);
      const unknown = listed.value.filter((id) => this.#parts.heartbeats.find(id) === undefined);
      this.#seen.set(launcher, new Map(unknown.map((id) => [id, before?.get(id) ?? now])));
      const old = unknown.filter((id) => now - (before?.get(id) ?? now) >= EVERY_MS);
      if (old.length > 0) this.#confirm(launcher, old);
    });
  }

  /** The registry has the last word, and it must be ours: another dispatcher's runners are none of our business. */
  #confirm(launcher: Launcher, suspects: readonly RunnerId[]): void {
    const { ports, office, heartbeats } = this.#parts;
    ports.registry.openAttempts((open) => {
      if (!open.ok) return;
      const owned = new Set(open.value.map(({ attempt }) => attempt.runnerId));
      ports.registry.changes({ cursor: null, limit: 1, epoch: office.epoch }, (answer) => {
        if (!answer.ok) return;
        for (const id of suspects) {
          if (!owned.has(id) && heartbeats.find(id) === undefined) this.#reap(launcher, id);
        }
      });
    });
  }

  #reap(launcher: Launcher, id: RunnerId): void {
    const { ports } = this.#parts;
    launcher.reap(id, (report) => {
      if (report.ok) return this.#tell(id, report.value);
      const message = `orphan ${id} could not be ended: ${report.error.message}`;
      ports.telemetry.tell({ type: 'trouble', message, task: null, pool: null });
    });
  }

  #tell(runnerId: RunnerId, { survivors }: StopReport): void {
    const { ports } = this.#parts;
    const type = survivors.length === 0 ? 'OrphanReaped' : 'RunnerSurvived';
    const details = survivors.length === 0 ? {} : { survivors: survivors.join(', ') };
    const message = survivors.length === 0 ? `ended ${runnerId}, which no attempt owns` : `${runnerId} outlived every kill`;
    this.#record({ type: 'event.record', event: draft(type, ports.clock.wall(), 'dispatcher', { runnerId, details }) });
    ports.telemetry.tell({ type: 'trouble', message, task: null, pool: null });
  }
}
