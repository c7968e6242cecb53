import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/**
 * Tells a person of a passing fault when it begins and when it is over, however many calls meet it in
 * between. What is no passing fault is told by who has to act on it.
 */
export class FaultTeller {
  readonly #telemetry: Telemetry;
  readonly #over: string;
  #last: string | null = null;

  /** @param over what to say once it has gone */
  constructor(telemetry: Telemetry, over: string) {
    this.#telemetry = telemetry;
    this.#over = over;
  }

  /** Of a call that writes: on a full disk, reading goes on well. */
  heard(result: Result<unknown, PortError>): void {
    if (!result.ok) return this.failed(result.error);
    if (this.#last === null) return;
    this.#last = null;
    this.#tell(this.#over);
  }

  failed({ kind, message }: PortError): void {
    if (kind !== 'transient' || message === this.#last) return;
    this.#last = message;
    this.#tell(message);
  }

  #tell(message: string): void {
    this.#telemetry.tell({ type: 'trouble', message, task: null, pool: null });
  }
}
