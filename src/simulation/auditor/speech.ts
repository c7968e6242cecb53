import type { SeenEvent } from './events.ts';
import type { Scene } from './scene.ts';

/** What runners said, and what was made of it. Times in monotonic ms. */
export class SpeechRules {
  readonly #scene: Scene;
  readonly #spokeAt = new Map<string, number>();
  readonly #ends = new Map<string, string>();
  readonly #completed = new Set<string>();
  /** Those that really do nothing. */
  readonly #stalled = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  stalls(runner: string): void {
    this.#stalled.add(runner);
  }

  spoke(runner: string): void {
    this.#spokeAt.set(runner, this.#scene.now());
  }

  completed(runner: string): void {
    this.#scene.remember(`report of ${runner} is taken`);
    this.#completed.add(runner);
    const end = this.#ends.get(runner);
    if (end !== undefined) this.settled(runner, end);
  }

  /** The event may come late, but never early: who was well when it came was well before. */
  stopping({ details, runnerId, spec, taskId }: SeenEvent): void {
    const why = details['why'];
    if (runnerId === null || (why !== 'hung' && why !== 'stalled')) return;
    const { plan, now } = this.#scene;
    const task = `${spec}/${taskId}`;
    const spokeAt = this.#spokeAt.get(runnerId) ?? Number.NaN;
    const silentMs = now() - spokeAt;
    if (why === 'hung' && !(silentMs >= plan.settings.heartbeatMs)) {
      this.#scene.fail('wellLeftAlone', `${runnerId} is stopped as hung ${Math.round(silentMs)} ms after it spoke`, task);
    }
    if (why === 'stalled' && !this.#stalled.has(runnerId)) this.#scene.fail('wellLeftAlone', `${runnerId} works, and is stopped as stalled`, task);
  }

  settled(runner: string, end: string): void {
    this.#ends.set(runner, end);
    // Stopped before it reported: then that was decided already.
    const counts = end !== 'cancelled' && end !== 'timedOut';
    if (this.#completed.has(runner) && counts && end !== 'done') {
      this.#scene.fail('reportCounts', `${runner} has reported that it is done, and is settled as ${end}`);
    }
  }

  reaped(runner: string): void {
    const owner = [...this.#scene.openAttempts].find((attempt) => attempt.runner === runner);
    if (owner !== undefined) this.#scene.fail('wellLeftAlone', `${runner} is reaped as an orphan`, owner.task.key);
  }
}
