/** What a program that embeds the dispatcher may use. */
export { openDispatcher, type Dispatcher, type DispatcherOptions, type OpenFailure } from './app.ts';
export type { Configuration } from './config/configuration.ts';
export { formatInputError, formatInputErrors, type InputError } from './config/input-error.ts';
export { loadConfiguration, type ConfigurationRequest } from './config/load-configuration.ts';
export { loadTaskSet, type TaskSetOptions, type TaskSetSource } from './config/load-task-set.ts';
export { RunnerCallError, RunnerClient, type RunnerClientOptions } from './client/runner-client.ts';
export type { PortError } from './domain/failures.ts';
export type { TaskDefinition, TaskSet, TaskState, TaskView } from './domain/task.ts';
export type { Notice, Telemetry } from './ports/telemetry.ts';
export type { OperationReport, OperationRequest, SubmitReport, TaskOperation, TaskPage, TaskRegistry } from './ports/task-registry.ts';
export type { PoolOffer, QueuedTask, SchedulingPolicy } from './scheduling/scheduling-policy.ts';
export { ask } from './runtime/ask.ts';
