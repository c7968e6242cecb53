import type { RunnerId } from '../domain/ids.ts';
import { ok } from '../domain/result.ts';
import type { Reply } from '../ports/reply.ts';
import type { RecalledReport, ReportStore } from '../ports/report-store.ts';

/** What is on the disk of the simulated machine, by runner. It outlives every dispatcher. */
export type ReportLines = Map<RunnerId, RecalledReport>;

const NOTHING: RecalledReport = { spoken: false, completion: null };

/** One dispatcher's way to the reports; what it had not written when it died is not written. */
export class SimulatedReports implements ReportStore {
  readonly #lines: ReportLines;
  readonly #later: (fn: () => void) => void;

  constructor(lines: ReportLines, later: (fn: () => void) => void) {
    this.#lines = lines;
    this.#later = later;
  }

  #change(id: RunnerId, change: Partial<RecalledReport>): void {
    this.#lines.set(id, { ...NOTHING, ...this.#lines.get(id), ...change });
  }

  noteSpoken(id: RunnerId): void {
    this.#later(() => this.#change(id, { spoken: true }));
  }

  keepCompletion(id: RunnerId, completion: { readonly text: string; readonly at: number }, reply: Reply<null>): void {
    this.#later(() => {
      this.#change(id, { spoken: true, completion });
      this.#later(() => reply(ok(null)));
    });
  }

  recall(id: RunnerId, reply: Reply<RecalledReport>): void {
    const recalled = this.#lines.get(id) ?? NOTHING;
    this.#later(() => reply(ok(recalled)));
  }

  forget(id: RunnerId): void {
    this.#later(() => void this.#lines.delete(id));
  }
}
