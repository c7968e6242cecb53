import type { DispatcherEvent } from '../../../src/domain/events.ts';
import type { PortError } from '../../../src/domain/failures.ts';
import { specName, type SpecName } from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { ChangedDone } from '../../../src/domain/resubmission.ts';
import type { Result } from '../../../src/domain/result.ts';
import type { ReadyTask, TaskSet, TaskState, TaskView } from '../../../src/domain/task.ts';
import type { Reply } from '../../../src/ports/reply.ts';
import type {
  ChangeBatch,
  Claim,
  OperationReport,
  SettleReport,
  SubmitReport,
  TaskDetail,
  TaskOperation,
  TaskPage,
  TaskQuery,
  TaskRegistry,
} from '../../../src/ports/task-registry.ts';
import { handleOf, holder, key, local, runnerOf, slot, twice } from './samples.ts';

export type Asked<T> = Promise<Result<T, PortError>>;

export const ask = <T>(call: (reply: Reply<T>) => void): Asked<T> =>
  new Promise((resolve) => {
    call(resolve);
  });

/** The value; a refused call fails the test with its own words. */
export const must = async <T>(asked: Asked<T>): Promise<T> => {
  const result = await asked;
  if (!result.ok) throw new Error(`${result.error.kind}: ${result.error.message}`);
  return result.value;
};

/** The error; a call that succeeds fails the test. */
export const refused = async (asked: Asked<unknown>): Promise<PortError> => {
  const result = await asked;
  if (result.ok) throw new Error(`expected an error, got ${JSON.stringify(result.value)}`);
  return result.error;
};

/** A registry as a test speaks to it: short calls, with what does not matter filled in. */
export class Desk {
  readonly registry: TaskRegistry;
  epoch = 0;
  /** Wall time of the calls; tests move it. */
  now = 10_000;

  constructor(registry: TaskRegistry) {
    this.registry = registry;
  }

  async takeOffice(): Promise<number> {
    const { epoch } = await must<{ epoch: number }>(
      ask((reply) => this.registry.takeOffice({ holder, at: this.now }, reply)),
    );
    this.epoch = epoch;
    return epoch;
  }

  trySubmit(set: TaskSet, changedDone: ChangedDone = 'refuse', fresh = false): Asked<SubmitReport> {
    const request = { set, changedDone, fresh, actor: 'user:ada', at: this.now };
    return ask((reply) => this.registry.submit(request, reply));
  }

  submit(set: TaskSet, changedDone: ChangedDone = 'refuse', fresh = false): Promise<SubmitReport> {
    return must(this.trySubmit(set, changedDone, fresh));
  }

  tryClaim(task: string, fence: number, epoch = this.epoch): Asked<Claim> {
    const request = {
      epoch,
      key: key(task),
      fence,
      runnerId: runnerOf(task, fence + 1),
      pool: local,
      slotId: slot,
      slotPath: '/slots/1',
      runDir: `/runs/${task}/${fence + 1}`,
      at: this.now,
    };
    return ask((reply) => this.registry.claim(request, reply));
  }

  claim(task: string, fence = 0): Promise<Claim> {
    return must(this.tryClaim(task, fence));
  }

  tryLaunch(task: string, attempt: number, adopted = false, epoch = this.epoch): Asked<null> {
    const handle = handleOf(task, attempt);
    const request = { epoch, key: key(task), attempt, handle, adopted, at: this.now };
    return ask((reply) => this.registry.recordLaunch(request, reply));
  }

  trySettle(task: string, attempt: number, outcome: Outcome, epoch = this.epoch): Asked<SettleReport> {
    const request = { epoch, key: key(task), attempt, outcome, retry: twice, luck: 0.5, at: this.now };
    return ask((reply) => this.registry.settle(request, reply));
  }

  settle(task: string, attempt: number, outcome: Outcome): Promise<SettleReport> {
    return must(this.trySettle(task, attempt, outcome));
  }

  /** Claim, launch and settle. */
  async attempt(task: string, outcome: Outcome, fence = 0): Promise<SettleReport> {
    const { attempt } = await this.claim(task, fence);
    await must(this.tryLaunch(task, attempt));
    return this.settle(task, attempt, outcome);
  }

  tryOperate(task: string, operation: TaskOperation, actor = 'cli:ada'): Asked<OperationReport> {
    const request = { key: key(task), operation, actor, at: this.now };
    return ask((reply) => this.registry.operate(request, reply));
  }

  operate(task: string, operation: TaskOperation, actor?: string): Promise<OperationReport> {
    return must(this.tryOperate(task, operation, actor));
  }

  changes(cursor: number | null, limit = 1_000): Promise<ChangeBatch> {
    return must(ask((reply) => this.registry.changes({ cursor, limit }, reply)));
  }

  async ready(): Promise<readonly ReadyTask[]> {
    return (await this.changes(null)).ready;
  }

  tasks(query: TaskQuery = {}): Promise<TaskPage> {
    return must(ask((reply) => this.registry.tasks(query, reply)));
  }

  detail(task: string): Promise<TaskDetail> {
    return must(ask((reply) => this.registry.task(key(task), reply)));
  }

  async view(task: string): Promise<TaskView> {
    return (await this.detail(task)).view;
  }

  async state(task: string): Promise<TaskState> {
    return (await this.view(task)).state;
  }

  events(after = 0, limit = 100_000): Promise<readonly DispatcherEvent[]> {
    return must(ask((reply) => this.registry.events({ after, limit }, reply)));
  }

  /** `Type task` of every event after `after`, in order. */
  async story(after = 0): Promise<readonly string[]> {
    return (await this.events(after)).map(({ type, taskId }) => (taskId === null ? type : `${type} ${taskId}`));
  }

  async lastSeq(): Promise<number> {
    return (await this.events()).at(-1)?.seq ?? 0;
  }

  counts(spec: string | null = null): Promise<Readonly<Record<TaskState, number>>> {
    const name: SpecName | null = spec === null ? null : specName(spec);
    return must(ask((reply) => this.registry.counts(name, reply)));
  }

  close(): Promise<null> {
    return must(ask<null>((reply) => this.registry.close(reply)));
  }
}

/** Runs `body` at a desk in office, before an empty registry. */
export type AtDesk = (body: (desk: Desk) => Promise<void>) => () => Promise<void>;
