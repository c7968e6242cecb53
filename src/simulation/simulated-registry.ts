import { portError } from '../domain/failures.ts';
import type { PortError } from '../domain/failures.ts';
import { err, type Result } from '../domain/result.ts';
import type { Reply } from '../ports/reply.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import type { Faults } from './faults.ts';

/** Where rows live while dispatchers come and go. `defer` puts a reply off until after the call. */
export interface RegistrySource {
  open(defer: (fn: () => void) => void): TaskRegistry;
}

const LONGEST_MS = 3000;
const busy = portError('transient', 'the database is locked');

/** Calls the auditor's world must not lose a promise over: what a person does is not made to fail. */
type Verb = 'changes' | 'claim' | 'recordLaunch' | 'settle' | 'openAttempts' | 'record' | 'takeOffice' | 'stuck';

/**
 * One dispatcher's way to the registry: calls take effect in the order in which they are made, some
 * late, some not at all. A call that is on its way when its dispatcher dies never arrives.
 */
export class SimulatedRegistry implements TaskRegistry {
  readonly #inner: TaskRegistry;
  readonly #faults: Faults;
  readonly #later: (fn: () => void, delayMs?: number) => void;
  readonly #name: string;
  readonly #now: () => number;
  readonly #sinkIsDown: () => boolean;
  #calls = 0;
  #freeAt = 0;

  constructor(
    inner: TaskRegistry,
    faults: Faults,
    world: {
      readonly name: string;
      readonly now: () => number;
      readonly later: (fn: () => void, delayMs?: number) => void;
      readonly sinkIsDown: () => boolean;
    },
  ) {
    this.#inner = inner;
    this.#faults = faults;
    this.#later = world.later;
    this.#name = world.name;
    this.#now = world.now;
    this.#sinkIsDown = world.sinkIsDown;
  }

  get id(): TaskRegistry['id'] {
    return this.#inner.id;
  }

  #send<T>(verb: Verb, reply: Reply<T>, call: (reply: Reply<T>) => void): void {
    this.#calls += 1;
    const about = `${this.#name}|${verb} ${this.#calls}`;
    const faults = this.#faults;
    const refused = faults.strikes('registryRefuses', about) || (verb === 'record' && this.#sinkIsDown());
    const now = this.#now();
    const slow = faults.strikes('registrySlow', about) ? faults.delay(about, LONGEST_MS) : 0;
    // First in, first out: nobody overtakes a call that is slow.
    this.#freeAt = Math.max(this.#freeAt, now) + slow;
    const answer: Result<never, PortError> = err(busy);
    this.#later(() => (refused ? reply(answer) : call(reply)), this.#freeAt - now);
  }

  takeOffice(request: Parameters<TaskRegistry['takeOffice']>[0], reply: Parameters<TaskRegistry['takeOffice']>[1]): void {
    this.#inner.takeOffice(request, reply);
  }
  submit(request: Parameters<TaskRegistry['submit']>[0], reply: Parameters<TaskRegistry['submit']>[1]): void {
    this.#inner.submit(request, reply);
  }
  operate(request: Parameters<TaskRegistry['operate']>[0], reply: Parameters<TaskRegistry['operate']>[1]): void {
    this.#inner.operate(request, reply);
  }
  changes(request: Parameters<TaskRegistry['changes']>[0], reply: Parameters<TaskRegistry['changes']>[1]): void {
    this.#send('changes', reply, (then) => this.#inner.changes(request, then));
  }
  claim(request: Parameters<TaskRegistry['claim']>[0], reply: Parameters<TaskRegistry['claim']>[1]): void {
    this.#send('claim', reply, (then) => this.#inner.claim(request, then));
  }
  recordLaunch(request: Parameters<TaskRegistry['recordLaunch']>[0], reply: Reply<null>): void {
    this.#send('recordLaunch', reply, (then) => this.#inner.recordLaunch(request, then));
  }
  settle(request: Parameters<TaskRegistry['settle']>[0], reply: Parameters<TaskRegistry['settle']>[1]): void {
    this.#send('settle', reply, (then) => this.#inner.settle(request, then));
  }
  openAttempts(reply: Parameters<TaskRegistry['openAttempts']>[0]): void {
    this.#send('openAttempts', reply, (then) => this.#inner.openAttempts(then));
  }
  record(request: Parameters<TaskRegistry['record']>[0], reply: Reply<number>): void {
    this.#send('record', reply, (then) => this.#inner.record(request, then));
  }
  tasks(query: Parameters<TaskRegistry['tasks']>[0], reply: Parameters<TaskRegistry['tasks']>[1]): void {
    this.#inner.tasks(query, reply);
  }
  task(key: Parameters<TaskRegistry['task']>[0], reply: Parameters<TaskRegistry['task']>[1]): void {
    this.#inner.task(key, reply);
  }
  events(query: Parameters<TaskRegistry['events']>[0], reply: Parameters<TaskRegistry['events']>[1]): void {
    this.#inner.events(query, reply);
  }
  lastEvent(reply: Reply<number>): void {
    this.#inner.lastEvent(reply);
  }
  counts(spec: Parameters<TaskRegistry['counts']>[0], reply: Parameters<TaskRegistry['counts']>[1]): void {
    this.#inner.counts(spec, reply);
  }
  stuck(query: Parameters<TaskRegistry['stuck']>[0], reply: Parameters<TaskRegistry['stuck']>[1]): void {
    this.#send('stuck', reply, (then) => this.#inner.stuck(query, then));
  }
  onNews(listener: () => void): void {
    this.#inner.onNews(listener);
  }
  close(reply: Reply<null>): void {
    this.#inner.close(reply);
  }
}
