import type { DispatcherMessage } from '../../machines/messages.ts';
import type { Activity } from '../ports/launcher.ts';
import type { HeardRunner } from './heartbeats.ts';
import { OrphanSweep } from './orphan-sweep.ts';
import type { Answer } from './port-actor.ts';
import type { SweepParts } from './sweep-parts.ts';

const LONGEST_INTERVAL_MS = 5_000;
/** What came in while the dispatcher did something else is read in between: one round of I/O, and some more. */
const ROUND_MS = 50;
/** Looks at the work of runners that may be under way at a time. */
const MOST_LOOKS = 512;

/**
 * One walk over all runners, instead of a timer for each: who was silent for too long, who does nothing,
 * who has said that it is done and does not end. It measures its own lateness first and gives it to
 * everybody, and after one that was late it judges nobody until the next time.
 */
export class Sweep {
  readonly #parts: SweepParts;
  readonly #intervalMs: number;
  readonly #orphans: OrphanSweep;
  #timer: unknown = null;
  #looks = 0;
  #over = false;

  constructor(parts: SweepParts, record: Answer<DispatcherMessage>) {
    this.#parts = parts;
    const { heartbeatTimeoutMs, stallTimeoutMs } = parts.settings;
    this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, heartbeatTimeoutMs / 4, stallTimeoutMs / 10);
    this.#orphans = new OrphanSweep(parts, record);
  }

  start(): void {
    this.#after(this.#intervalMs, (latenessMs) => this.#begin(latenessMs));
  }

  stop(): void {
    this.#over = true;
    this.#parts.ports.clock.clearTimeout(this.#timer);
  }

  /** Calls back after so long, with how much later than that it was. */
  #after(ms: number, then: (latenessMs: number) => void): void {
    const { clock } = this.#parts.ports;
    const due = clock.monotonic() + ms;
    this.#timer = clock.setTimeout(() => {
      if (this.#over) return;
      const latenessMs = Math.max(0, clock.monotonic() - due);
      this.#parts.heartbeats.forgive(latenessMs);
      then(latenessMs);
    }, ms);
  }

  #begin(beforeMs: number): void {
    this.#after(ROUND_MS, (latenessMs) => {
      if (!this.isTooLate(beforeMs + latenessMs)) this.#judge();
      this.start();
    });
  }

  /** What was sent to a dispatcher that did not listen may take more than a moment to be read: judged the next time. */
  isTooLate(latenessMs: number): boolean {
    return latenessMs >= this.#intervalMs / 2;
  }

  #judge(): void {
    const { heartbeats } = this.#parts;
    const now = heartbeats.now();
    for (const runner of heartbeats) {
      if (runner.watched === null || runner.stopping) continue;
      this.#judgeSilence(runner, now);
      this.#judgeCompletion(runner, now);
      if (this.#looks < MOST_LOOKS && runner.watched.work.isDue(now)) this.#look(runner);
    }
    this.#orphans.look(now);
  }

  #judgeSilence(runner: HeardRunner, now: number): void {
    const { heartbeatTimeoutMs } = this.#parts.settings;
    const silentMs = now - runner.heardAt;
    if (!runner.spoke || silentMs < heartbeatTimeoutMs / 2) return;
    const wallAt = this.#parts.ports.clock.wall();
    // Said again as long as it lasts: whoever cannot act on it now may later.
    if (silentMs >= heartbeatTimeoutMs) runner.watched?.tell({ type: 'heartbeat.lapsed', silentMs, wallAt });
    else if (!runner.suspected) runner.watched?.tell({ type: 'heartbeat.missed' });
    runner.suspected = true;
  }

  #judgeCompletion({ completedAt, watched }: HeardRunner, now: number): void {
    const { settings, ports } = this.#parts;
    if (completedAt === null || now - completedAt < settings.stopGraceMs) return;
    watched?.tell({ type: 'completion.overdue', wallAt: ports.clock.wall() });
  }

  #look(runner: HeardRunner): void {
    const { ports, heartbeats } = this.#parts;
    const { watched, identity } = runner;
    const launcher = ports.launchers.get(identity.pool);
    if (watched === null || launcher === undefined) return;
    const { work, tell, handle, slotPath } = watched;
    const finish = (activity: Activity | null, slotChangedAt: number | null): void => {
      this.#looks -= 1;
      const now = heartbeats.now();
      if (activity === null) return work.sawNothing(now);
      const state = work.saw({ ...activity, slotChangedAt }, now);
      if (state === 'working' || this.#over || runner.watched !== watched || runner.stopping) return;
      const idleMs = work.idleMs(now);
      if (state === 'stalled') tell({ type: 'work.stalled', idleMs, wallAt: ports.clock.wall() });
      else tell({ type: 'work.stalling', idleMs, limitMs: work.stallMs });
    };
    this.#looks += 1;
    work.looking = true;
    launcher.activity(handle, (seen) => {
      if (!seen.ok || slotPath === null) return finish(seen.ok ? seen.value : null, null);
      ports.slotChanges.newest(slotPath, (changed) => finish(seen.value, changed.ok ? changed.value : null));
    });
  }
}
