import type { Scene } from './scene.ts';

/** What is read of an event. */
export interface SeenEvent {
  readonly seq: number;
  readonly type: string;
  /** Wall ms. */
  readonly at: number;
  readonly actor: string;
  readonly spec: string | null;
  readonly taskId: string | null;
  readonly attempt: number | null;
  readonly runnerId: string | null;
  readonly pool: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What tells one event from another; those that differ in nothing of it are not worth telling apart. */
const signatureOf = ({ type, at, actor, spec, taskId, attempt, pool, details }: Omit<SeenEvent, 'seq'>): string =>
  JSON.stringify([type, at, actor, spec, taskId, attempt, pool, details]);

const ENDS: ReadonlySet<string> = new Set(['RunnerCompleted', 'RunnerFailed', 'RunnerTimedOut', 'RunnerLost', 'RunnerCancelled']);

/** Events tell everything, once, in order. */
export class EventRules {
  readonly #scene: Scene;
  readonly #ended = new Set<string>();
  readonly #assigned = new Set<string>();
  readonly #counts = new Map<string, number>();
  /** Kept in the file, and not stored since. */
  readonly #owed = new Set<string>();
  #lastSeq = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** It could not be stored, and was kept in a file: it has to come up again. */
  journaled(event: Omit<SeenEvent, 'seq'>): void {
    this.#scene.remember(`journal ${event.type} `);
    this.#owed.add(signatureOf(event));
  }

  added(event: SeenEvent): void {
    const { seq, type, spec, taskId, attempt } = event;
    const scene = this.#scene;
    this.#owed.delete(signatureOf(event));
    if (seq !== this.#lastSeq + 1) scene.fail('events', `event ${seq} comes after ${this.#lastSeq}`);
    this.#lastSeq = seq;
    const key = spec === null || taskId === null ? null : `${spec}/${taskId}`;
    scene.remember(`event ${seq} ${type} ${key ?? ''} `);
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
    const name = `${key}#${attempt}`;
    if (type === 'TaskAssigned') this.#once(this.#assigned, name, type, key);
    if (ENDS.has(type)) {
      this.#once(this.#ended, name, type, key);
      if (!this.#assigned.has(name)) scene.fail('events', `${type} of attempt ${attempt}, which was never assigned`, key);
    }
  }

  #once(told: Set<string>, name: string, type: string, key: string | null): void {
    if (told.has(name)) this.#scene.fail('events', `${type} is told twice of ${name}`, key);
    told.add(name);
  }

  /** After an attempt was opened, or settled: has it been told? */
  atRest(lives: { readonly begun: number; readonly stoppedWell: number }): void {
    const scene = this.#scene;
    for (const lost of this.#owed) scene.fail('events', `kept in the journal and never stored: ${lost}`);
    for (const name of this.#assigned) {
      if (!this.#ended.has(name)) scene.fail('events', `the end of ${name} was never told`);
    }
    for (const task of scene.tasks.values()) {
      for (let number = 1; number <= task.fence; number += 1) {
        if (!this.#assigned.has(`${task.key}#${number}`)) scene.fail('events', `attempt ${number} was never told`, task.key);
      }
    }
    const started = this.#counts.get('DispatcherStarted') ?? 0;
    const stopped = this.#counts.get('DispatcherStopped') ?? 0;
    if (started > lives.begun) scene.fail('events', `${started} starts of a dispatcher are told of ${lives.begun}`);
    // One that is killed after it has told its end told the truth; one that could write nowhere told nobody.
    const fewest = scene.plan.faults.journalFails === undefined ? lives.stoppedWell : 0;
    if (stopped < fewest || stopped > lives.begun) {
      scene.fail('events', `${stopped} ends of a dispatcher are told, and ${lives.stoppedWell} came to one by themselves`);
    }
  }
}
