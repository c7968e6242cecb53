import { readRegistry, writeRegistry } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { PortError } from '../../domain/failures.ts';
import { parseTaskKey, type TaskKey } from '../../domain/ids.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { OperationReport, TaskDetail, TaskOperation, TaskRegistry } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { dependencyNamed, unknownTask } from '../../server/known-name.ts';
import { taskJson } from '../../server/views.ts';
import { ApiClient, type OperationAnswer } from '../client.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { person } from '../person.ts';
import type { Wish } from '../wish.ts';

const withNearest = async <T>(
  registry: TaskRegistry,
  key: TaskKey,
  result: Result<T, PortError>,
): Promise<Result<T, PortError>> =>
  result.ok || result.error.kind !== 'notFound' ? result : { ok: false, error: await unknownTask(registry, key) };

const operationOf = async (registry: TaskRegistry, key: TaskKey, wish: Wish): Promise<Result<TaskOperation, PortError>> => {
  if (wish.kind !== 'dropDependency') return ok(wish);
  const detail = await ask<TaskDetail>((reply) => registry.task(key, reply));
  if (!detail.ok) return detail;
  return ok({ kind: 'dropDependency', dependency: dependencyNamed(detail.value.view, wish.dependency) });
};

const inRegistry = async (registry: TaskRegistry, key: TaskKey, wish: Wish): Promise<Result<OperationAnswer, PortError>> => {
  const operation = await withNearest(registry, key, await operationOf(registry, key, wish));
  if (!operation.ok) return operation;
  const request = { key, operation: operation.value, actor: person(), at: Date.now() };
  const report = await withNearest(registry, key, await ask<OperationReport>((reply) => registry.operate(request, reply)));
  if (!report.ok) return report;
  const { view, changed, stopping } = report.value;
  return ok({ ...taskJson(view), changed, stopping });
};

/** Straight into the registry, while no dispatcher has it; never makes one. */
const withoutDispatcher = async (configuration: Configuration, key: TaskKey, wish: Wish): Promise<Result<OperationAnswer, PortError>> => {
  const seen = await readRegistry(configuration);
  if (seen.ok) await ask<null>((reply) => seen.value.close(reply));
  else if (seen.error.kind === 'notFound') return seen;
  const opened = await writeRegistry(configuration);
  if (!opened.ok) return opened;
  try {
    return await inRegistry(opened.value, key, wish);
  } finally {
    await ask<null>((reply) => opened.value.close(reply));
  }
};

const sentence = (name: string, wish: Wish, { state, changed, stopping }: OperationAnswer): string => {
  const already = changed ? '' : ' already';
  switch (wish.kind) {
    case 'setPriority':
      return `${name} has priority ${wish.priority}${already}`;
    case 'dropDependency':
      return `${name} does not depend on ${wish.dependency} any more; it is ${state}`;
    case 'cancel':
      return stopping ? `${name} is being stopped${already}, and is cancelled once that is done` : `${name} is ${state}${already}`;
    case 'retry':
    case 'skip':
      return `${name} is ${state}${already}`;
  }
};

/** `task priority|cancel|retry|skip|drop-dependency`: by the dispatcher that is alive, else in the registry. */
export const taskOperate = async (name: string, wish: Wish, options: GlobalOptions): Promise<number> => {
  const key = parseTaskKey(name)?.key;
  if (key === undefined) return complain(`"${name}" is not a task; write SPEC/ID, as \`dispatcher tasks\` shows it`);
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const client = await ApiClient.connect(configuration.value.stateDir);
  let answer = client === null ? null : await client.operate(key, wish);
  // No dispatcher, or it went while we spoke: the registry is free in a moment, and asking twice does no harm.
  const gone = answer === null || (!answer.ok && answer.error.kind === 'transient');
  if (answer === null || gone) answer = await withoutDispatcher(configuration.value, key, wish);
  if (!answer.ok) return complain(answer.error.message, EXIT_UNFINISHED);
  if (options.json === true) printJson(answer.value);
  else {
    print(sentence(name, wish, answer.value));
    if (gone && answer.value.stopping) print('no dispatcher runs; the next one stops it: dispatcher start');
  }
  return EXIT_OK;
};
