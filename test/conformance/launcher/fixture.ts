import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineSettings } from '../../../src/domain/engine-settings.ts';
import type { PortError } from '../../../src/domain/failures.ts';
import { poolName, runnerId, specName, taskId, taskKey, type RunnerId } from '../../../src/domain/ids.ts';
import type { Result } from '../../../src/domain/result.ts';
import type { ExitReport, Launcher, LaunchIntent, RunnerHandle, WatchEvent } from '../../../src/ports/launcher.ts';
import type { Reply } from '../../../src/ports/reply.ts';

/** What a runner should do; each engine says by which command. */
export type Job =
  | { readonly do: 'exit'; readonly code: number }
  | { readonly do: 'dieBy'; readonly signal: 'SIGKILL' | 'SIGTERM' | 'SIGSEGV' }
  /** Prints lines `1` to `lines`, each padded to `width` bytes in all. */
  | { readonly do: 'count'; readonly lines: number; readonly width: number }
  /** Writes to both streams in turn, `o0 e0 o1 e1 …`, a line each. */
  | { readonly do: 'alternate'; readonly times: number }
  /** Says `ready`, then goes on until it is stopped. */
  | { readonly do: 'hang' }
  /** The same, and takes no notice of being asked to end. */
  | { readonly do: 'hangOn' }
  | { readonly do: 'writeResult'; readonly text: string; readonly code: number }
  /** Prints its arguments, working directory, or environment, each item ended by NUL. */
  | { readonly do: 'showArguments'; readonly arguments: readonly string[] }
  | { readonly do: 'showDirectory' }
  | { readonly do: 'showEnvironment' };

/** One engine, ready to run attempts; `make` gives a new one for each test. */
export interface LauncherFixture {
  readonly launcher: Launcher;
  command(job: Job): readonly string[];
  /** The environment without which nothing runs there. */
  readonly env: Readonly<Record<string, string>>;
  /** As the pool would be configured. */
  readonly engine: EngineSettings;
  /** A folder that is there. */
  readonly cwd: string;
  runDir(id: RunnerId): string;
  /** The same two as a runner sees them. */
  readonly inside: { readonly cwd: string; runDir(id: RunnerId): string };
  /** Variables that the engine itself gives to every runner. */
  readonly engineVariables: readonly string[];
  /** How many runners to start where many are wanted: a container costs more than a process. */
  readonly quickStarts: number;
  /** A command that the engine cannot find. */
  readonly missingCommand: readonly string[];
  /** Closes the launcher and opens another one on what it left, as the next dispatcher would. */
  reopen(): Promise<Launcher>;
  /** Ends everything and removes what was made. */
  end(): Promise<void>;
}

export type MakeLauncher = () => Promise<LauncherFixture>;

/** A bound that is met only by what is broken, in ms. */
export const LONG = 60_000;

let names = 0;
export const newRunnerId = (): RunnerId => runnerId(`conf0000-runner-${process.pid}-${(names += 1)}`);

export const intentFor = (
  fixture: LauncherFixture,
  job: Job | readonly string[],
  over: Partial<LaunchIntent> = {},
): LaunchIntent => {
  const id = over.runnerId ?? newRunnerId();
  return {
    runnerId: id,
    task: taskKey(specName('conformance'), taskId('task')),
    attempt: 1,
    pool: poolName('pool'),
    engine: fixture.engine,
    resources: { cpu: 0, memory: 0 },
    timeoutMs: 3_600_000,
    command: 'do' in job ? fixture.command(job) : job,
    env: { ...fixture.env, RUN_DIR: fixture.inside.runDir(id) },
    cwd: fixture.cwd,
    runDir: fixture.runDir(id),
    context: '{"schema_version":1}',
    ...over,
  };
};

/** Makes a port call a promise; fails if it answers inside the call, twice, or not at all. */
export const ask = <T>(call: (reply: Reply<T>) => void): Promise<Result<T, PortError>> => {
  const { promise, resolve, reject } = Promise.withResolvers<Result<T, PortError>>();
  const timer = setTimeout(() => reject(new Error('no reply')), LONG);
  let called = 0;
  let inside = true;
  call((result) => {
    called += 1;
    clearTimeout(timer);
    if (inside) reject(new Error('replied inside the call'));
    if (called > 1) throw new Error('replied twice');
    resolve(result);
  });
  inside = false;
  return promise;
};

export const valueOf = <T>(result: Result<T, PortError>): T => {
  assert.ok(result.ok, result.ok ? '' : `${result.error.kind}: ${result.error.message}`);
  return result.value;
};

export const startOf = async (launcher: Launcher, intent: LaunchIntent): Promise<RunnerHandle> =>
  valueOf(await ask<RunnerHandle>((reply) => launcher.start(intent, reply)));

export const endOf = async (launcher: Launcher, handle: RunnerHandle): Promise<WatchEvent> => {
  const { promise, resolve, reject } = Promise.withResolvers<WatchEvent>();
  const timer = setTimeout(() => reject(new Error(`${handle.runnerId} did not end`)), LONG);
  launcher.watch(handle, (event) => {
    if (event.kind === 'exited' || event.kind === 'vanished') resolve(event);
  });
  const event = await promise;
  clearTimeout(timer);
  return event;
};

export const exitOf = async (launcher: Launcher, handle: RunnerHandle): Promise<ExitReport> => {
  const event = await endOf(launcher, handle);
  assert.equal(event.kind, 'exited');
  assert.ok(event.kind === 'exited');
  return event.exit;
};

/** Starts, and waits for the end. */
export const run = async (fixture: LauncherFixture, job: Job, over: Partial<LaunchIntent> = {}): Promise<ExitReport> =>
  exitOf(fixture.launcher, await startOf(fixture.launcher, intentFor(fixture, job, over)));

export const outputOf = async (launcher: Launcher, runDir: string): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for (let from = 0; ; ) {
    const { chunk, next } = valueOf(
      await ask<{ readonly chunk: Uint8Array; readonly next: number }>((reply) => launcher.logs(runDir, from, reply)),
    );
    if (chunk.length === 0) return Buffer.concat(chunks);
    assert.equal(next, from + chunk.length);
    chunks.push(chunk);
    from = next;
  }
};

/** Waits for a condition; says what it waited for when it never comes. */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + LONG;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `never: ${what}`);
    await delay(5);
  }
};

/** Waits until a runner has printed this. */
export const said = (launcher: Launcher, runDir: string, text: string): Promise<void> =>
  eventually(`${runDir} says ${text}`, async () => (await outputOf(launcher, runDir)).includes(text));

/** Runs a body with a fixture of its own, and ends that whatever happens. */
export const withFixture = (make: MakeLauncher, body: (fixture: LauncherFixture) => Promise<void>) => async () => {
  const fixture = await make();
  try {
    await body(fixture);
  } finally {
    await fixture.end();
  }
};
