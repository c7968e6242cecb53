import { runnerPaths, type RunnerPaths } from '../domain/engine-paths.ts';
import { portError, type PortError } from '../domain/failures.ts';
import type { LocalProcessEngine, PoolType } from '../domain/engine-settings.ts';
import type { PoolName, RunnerId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { Resources } from '../domain/task.ts';
import type { LaunchIntent } from '../ports/launcher.ts';
import type { Slot } from '../ports/repo-pool.ts';
import type { AttemptView, Claim } from '../ports/task-registry.ts';

export interface IntentRequest {
  readonly runnerId: RunnerId;
  readonly pool: PoolSettings;
  readonly claim: Claim;
  readonly slot: Slot;
  readonly runDir: string;
  readonly baseEnv: Readonly<Record<string, string>>;
  /** Where the runner protocol is served, and what proves there who the runner is; `null`: nowhere. */
  readonly protocol: { readonly url: string; readonly token: string } | null;
  /** Values of the variables that the task only names. */
  readonly namedEnv?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Bytes. Linux takes at most 128 KiB in one string of the environment; above this the file alone has it. */
const LONGEST_ENV_CONTEXT = 100 * 1024;

const SCHEMA_VERSION = 1;

/** What a person writes between braces in a command, and what a runner finds there. */
const placeholders = (request: IntentRequest, paths: RunnerPaths): Readonly<Record<string, string>> => {
  const { claim, slot, pool, runnerId } = request;
  const { definition } = claim;
  return {
    'task.key': claim.key,
    'task.id': definition.id,
    'task.title': definition.title,
    'task.description': definition.description,
    'task.required_skill': definition.requiredSkill ?? '',
    'spec.name': specOf(claim),
    'slot.id': slot.id,
    'slot.path': paths.slot,
    'slot.branch': slot.branch ?? '',
    'pool.name': pool.name,
    'runner.id': runnerId,
    run_dir: paths.runDir,
    attempt: String(claim.attempt),
  };
};

/** One argument stays one argument, whatever the text holds; an unknown name stays as it is written. */
const substitute = (argument: string, values: Readonly<Record<string, string>>): string =>
  argument.replaceAll(/\{\{\s*([a-z_.]+)\s*\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );

const specOf = (claim: Claim): string => claim.key.slice(0, claim.key.indexOf('/'));

const previousAttempt = (attempt: AttemptView, type: PoolType) => ({
  attempt: attempt.attempt,
  runner_id: attempt.runnerId,
  pool_name: attempt.pool,
  outcome: attempt.end,
  reason: attempt.reason,
  // From inside a container it cannot be read.
  log: type === 'local-process' ? `${attempt.runDir}/output.log` : null,
});

/** What the task asks for, else the limit of the pool, else what it gives by default. */
const resourcesOf = ({ claim: { definition }, pool }: IntentRequest): Resources => {
  const { engine } = pool;
  const limits = engine.type === 'local-process' ? engine.confinement?.limits : engine.limits;
  return {
    cpu: definition.resources.cpu ?? limits?.cpu ?? pool.defaultResources.cpu,
    memory: definition.resources.memory ?? limits?.memory ?? pool.defaultResources.memory,
  };
};

const taskContext = (request: IntentRequest, paths: RunnerPaths): string => {
  const { claim, slot, pool, runnerId, timeoutMs } = request;
  const { definition } = claim;
  const resources = resourcesOf(request);
  return JSON.stringify({
    schema_version: SCHEMA_VERSION,
    spec_name: specOf(claim),
    task_id: definition.id,
    task_title: definition.title,
    task_description: definition.description,
    dependencies: definition.dependencies,
    required_skill: definition.requiredSkill,
    attempt: claim.attempt,
    runner_id: runnerId,
    pool_name: pool.name,
    slot_id: slot.id,
    slot_path: paths.slot,
    repo_url: claim.repo,
    branch_name: slot.branch,
    requirements: definition.metadata['requirements'] ?? [],
    previous_attempts: claim.previous.map((attempt) => previousAttempt(attempt, pool.engine.type)),
    limits: {
      timeout_seconds: timeoutMs / 1000,
      cpu: resources.cpu,
      memory_mb: resources.memory,
    },
    metadata: definition.metadata,
  });
};

/** What is missing of a command: the task's own, or else the pool's. */
const noCommand = (request: IntentRequest): PortError =>
  portError(
    'permanent',
    `${request.claim.key} has no command and pool ${request.pool.name} has none either; ` +
      `give the task a \`command:\` or the pool a \`config.command\``,
  );

/** Another user has a home and a shell of its own, and no use for our folder of temporary files. */
const environmentHere = (
  base: Readonly<Record<string, string>>,
  { confinement }: LocalProcessEngine,
): Readonly<Record<string, string>> => {
  const user = confinement?.user ?? null;
  const { TMPDIR: temporary, ...rest } = base;
  const shared = temporary === undefined || user !== null || confinement?.sandbox != null ? rest : base;
  if (user === null) return shared;
  return { ...shared, HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell };
};

/** The contract "A runner": argv, environment and context of one attempt. Pure. */
export const launchIntent = (request: IntentRequest): Result<LaunchIntent, PortError> => {
  const { claim, slot, pool, runnerId, runDir } = request;
  const command = claim.definition.command ?? pool.command;
  if (command === null || command.length === 0) return err(noCommand(request));
  const paths = runnerPaths(pool.engine.type, { slot: slot.path, runDir });
  const values = placeholders(request, paths);
  const context = taskContext(request, paths);
  const env: Record<string, string> = {
    // This machine's programs and home mean nothing in an image.
    ...(pool.engine.type === 'local-process' ? environmentHere(request.baseEnv, pool.engine) : {}),
    ...pool.env,
    ...claim.definition.env,
    ...request.namedEnv,
    RUNNER_ID: runnerId,
    TASK_CONTEXT_FILE: `${paths.runDir}/context.json`,
    RUN_DIR: paths.runDir,
    POOL_NAME: pool.name satisfies PoolName,
    TASK_ID: claim.definition.id,
    SPEC_NAME: specOf(claim),
    ATTEMPT: String(claim.attempt),
    SLOT_ID: slot.id,
    SLOT_PATH: paths.slot,
  };
  if (new TextEncoder().encode(context).length <= LONGEST_ENV_CONTEXT) env['TASK_CONTEXT'] = context;
  if (request.protocol !== null) {
    env['DISPATCHER_URL'] = request.protocol.url;
    env['RUNNER_TOKEN'] = request.protocol.token;
  }
  return ok({
    runnerId,
    task: claim.key,
    attempt: claim.attempt,
    pool: pool.name,
    engine: pool.engine,
    resources: resourcesOf(request),
    timeoutMs: request.timeoutMs,
    command: command.map((argument) => substitute(argument, values)),
    env,
    cwd: slot.path,
    runDir,
    context,
  });
};
