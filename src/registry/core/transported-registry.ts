import type { PortError } from '../../domain/failures.ts';
import type { RegistryId, SpecName, TaskKey } from '../../domain/ids.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { TaskDefinition } from '../../domain/task.ts';
import type { Reply } from '../../ports/reply.ts';
import type {
  Claim,
  ClaimRequest,
  EventQuery,
  LaunchRecord,
  OpenAttempt,
  OperationReport,
  OperationRequest,
  SettleRequest,
  StuckQuery,
  SubmitRequest,
  TaskDetail,
  TaskQuery,
  TaskRegistry,
} from '../../ports/task-registry.ts';
import type { Calls } from './calls.ts';
import type { StoredClaim } from './claim.ts';
import type { StoredOpenAttempt } from './feed.ts';
import type { StoredTaskDetail } from './listing.ts';
import type { Transport } from './transport.ts';

// Only `definitionText` writes what is parsed here.
const withDefinition = <T extends { readonly definition: string }>(
  stored: T,
): Omit<T, 'definition'> & { readonly definition: TaskDefinition } => ({
  ...stored,
  definition: JSON.parse(stored.definition) as TaskDefinition,
});

const mapped =
  <S, T>(reply: Reply<T>, map: (stored: S) => T) =>
  (answer: Result<S, PortError>): void =>
    reply(answer.ok ? ok(map(answer.value)) : answer);

/** The port, in front of any way of evaluating calls; definitions are parsed here, by who asked for them. */
export class TransportedRegistry implements TaskRegistry {
  readonly id: RegistryId;
  readonly #transport: Transport;

  constructor(id: RegistryId, transport: Transport) {
    this.id = id;
    this.#transport = transport;
  }

  takeOffice(request: Calls['takeOffice']['request'], reply: Reply<{ readonly epoch: number }>): void {
    this.#transport.send('takeOffice', request, reply);
  }

  submit(request: SubmitRequest, reply: Reply<Calls['submit']['answer']>): void {
    this.#transport.send('submit', request, reply);
  }

  operate(request: OperationRequest, reply: Reply<OperationReport>): void {
    this.#transport.send('operate', request, reply);
  }

  changes(request: Calls['changes']['request'], reply: Reply<Calls['changes']['answer']>): void {
    this.#transport.send('changes', request, reply);
  }

  claim(request: ClaimRequest, reply: Reply<Claim>): void {
    this.#transport.send('claim', request, mapped(reply, (stored: StoredClaim) => withDefinition(stored)));
  }

  recordLaunch(request: LaunchRecord, reply: Reply<null>): void {
    this.#transport.send('recordLaunch', request, reply);
  }

  settle(request: SettleRequest, reply: Reply<Calls['settle']['answer']>): void {
    this.#transport.send('settle', request, reply);
  }

  openAttempts(reply: Reply<readonly OpenAttempt[]>): void {
    const map = (stored: readonly StoredOpenAttempt[]): readonly OpenAttempt[] => stored.map(withDefinition);
    this.#transport.send('openAttempts', null, mapped(reply, map));
  }

  record(request: Calls['record']['request'], reply: Reply<number>): void {
    this.#transport.send('record', request, reply);
  }

  tasks(query: TaskQuery, reply: Reply<Calls['tasks']['answer']>): void {
    this.#transport.send('tasks', query, reply);
  }

  task(key: TaskKey, reply: Reply<TaskDetail>): void {
    this.#transport.send('task', key, mapped(reply, (stored: StoredTaskDetail) => withDefinition(stored)));
  }

  events(query: EventQuery, reply: Reply<Calls['events']['answer']>): void {
    this.#transport.send('events', query, reply);
  }

  lastEvent(reply: Reply<number>): void {
    this.#transport.send('lastEvent', null, reply);
  }

  counts(spec: SpecName | null, reply: Reply<Calls['counts']['answer']>): void {
    this.#transport.send('counts', spec, reply);
  }

  stuck(query: StuckQuery, reply: Reply<Calls['stuck']['answer']>): void {
    this.#transport.send('stuck', query, reply);
  }

  onNews(listener: () => void): void {
    this.#transport.onNews(listener);
  }

  close(reply: Reply<null>): void {
    this.#transport.close(reply);
  }
}
