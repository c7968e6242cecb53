import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command, type CommandOptions, type Ended } from './command.ts';
import { forkServersOf, runnersOf } from './leftovers.ts';
import { EventWatch } from './event-watch.ts';
import { until } from './until.ts';

export const repositoryRoot = resolve(import.meta.dirname, '../..');
const bin = join(repositoryRoot, 'src/cli/bin.js');

/** As `tasks --json` shows it (spec, "Command line"). */
export interface TaskRow {
  readonly spec: string;
  readonly id: string;
  readonly title: string;
  readonly state: string;
  readonly priority: number;
  readonly attempts: number;
  readonly pool: string | null;
  readonly runner_id: string | null;
  readonly slot_id: string | null;
  readonly reason: string | null;
}

/** As `events --json` shows it. */
export interface EventRow {
  readonly seq: number;
  readonly type: string;
  readonly timestamp: string;
  readonly actor: string;
  readonly spec: string | null;
  readonly task_id: string | null;
  readonly attempt: number | null;
  readonly runner_id: string | null;
  readonly slot_id: string | null;
  readonly pool: string | null;
  readonly duration_ms: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AttemptRow {
  readonly attempt: number;
  readonly run_dir: string;
  readonly started_at: string | null;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly counted: boolean;
}

/** As `task show --json` shows it. */
export interface TaskShown extends TaskRow {
  readonly not_before: string | null;
  readonly dependencies: readonly { readonly task: string; readonly state: string }[];
  readonly attempt_history: readonly AttemptRow[];
  readonly artifacts: readonly Readonly<Record<string, unknown>>[];
}

/** A task as a person writes it. */
export type WrittenTask = { readonly id: string; readonly command?: readonly string[] } & Readonly<Record<string, unknown>>;

type Mapping = Readonly<Record<string, unknown>>;

/** What a test says about its configuration; the rest is quick and small. */
export interface Settings {
  readonly dispatcher?: Mapping;
  readonly rest?: Mapping;
}

/** Everything short, and a poll so rare that nothing which needs one to go on ever ends. */
const configurationOf = ({ dispatcher = {}, rest = {} }: Settings): Mapping => ({
  dispatcher: {
    poll_interval: '1h',
    max_global_concurrency: 8,
    stop_grace: '300ms',
    retry: { max_attempts: 3, initial_interval: '10ms', backoff_base: 1, jitter: 0 },
    ...dispatcher,
  },
  registry: { path: './.dispatcher/registry.db' },
  repo_pool: { type: 'directory', base_dir: './slots', slots: 8 },
  server: { port: 0 },
  agent_pools: { local: { type: 'local-process', max_concurrency: 8 } },
  ...rest,
});

/** A folder as a user has one: a configuration, task sets, and what the dispatcher makes beside them. */
export class Project {
  readonly root: string;
  readonly stateDir: string;
  readonly #commands: Command[] = [];

  private constructor(root: string) {
    this.root = root;
    this.stateDir = join(root, '.dispatcher');
  }

  static async create(settings: Settings): Promise<Project> {
    const project = new Project(realpathSync(await mkdtemp(join(tmpdir(), 'dispatcher-e2e-'))));
    await project.configure(settings);
    return project;
  }

  path(...names: readonly string[]): string {
    return join(this.root, ...names);
  }

  async configure(settings: Settings): Promise<void> {
    await this.write('dispatcher.yaml', JSON.stringify(configurationOf(settings)));
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  /** Writes the task set `name` to `<name>.json` and returns that. */
  async plan(name: string, tasks: readonly WrittenTask[], more: Mapping = {}): Promise<string> {
    const file = `${name}.json`;
    await this.write(file, JSON.stringify({ name, ...more, tasks }));
    return file;
  }

  read(...names: readonly string[]): string {
    return readFileSync(this.path(...names), 'utf8');
  }

  has(...names: readonly string[]): boolean {
    return existsSync(this.path(...names));
  }

  env(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return {
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      HOME: this.root,
      // What people read is what most tests look for; logs.test.ts is about the other formats.
      DISPATCHER_LOG_FORMAT: 'text',
      NODE_COMPILE_CACHE: join(repositoryRoot, 'node_modules/.cache/node-compile'),
      ...more,
    };
  }

  /** Any program, in this folder; killed at the end of the test if it is still there. */
  spawn(file: string, args: readonly string[], options: Partial<CommandOptions> = {}): Command {
    const command = new Command(file, args, { cwd: this.root, env: this.env(), ...options });
    this.#commands.push(command);
    return command;
  }

  /** `dispatcher ARGS`, going on while the test does. */
  begin(...args: readonly string[]): Command {
    return this.spawn(process.execPath, [bin, ...args]);
  }

  /** `dispatcher ARGS`, to its end. */
  cli(...args: readonly string[]): Promise<Ended> {
    return this.begin(...args).end();
  }

  /** Runs and insists on the exit code. */
  async expect(code: number, ...args: readonly string[]): Promise<Ended> {
    const ended = await this.cli(...args);
    assert.equal(ended.code, code, `dispatcher ${args.join(' ')}\n${ended.stdout}${ended.stderr}`);
    return ended;
  }

  async tasks(...args: readonly string[]): Promise<readonly TaskRow[]> {
    return JSON.parse((await this.expect(0, 'tasks', '--json', ...args)).stdout) as readonly TaskRow[];
  }

  /** States by `spec/id`. */
  async states(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await this.tasks()).map(({ spec, id, state }) => [`${spec}/${id}`, state]));
  }

  async show(key: string): Promise<TaskShown> {
    return JSON.parse((await this.expect(0, 'task', 'show', key, '--json')).stdout) as TaskShown;
  }

  /** All events; their numbers must be 1, 2, 3 and so on. */
  async events(): Promise<readonly EventRow[]> {
    const { stdout } = await this.expect(0, 'events', '--json');
    const events = stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as EventRow);
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, i) => i + 1), 'the sequence has a gap');
    return events;
  }

  /** Looks at the registry while a dispatcher works on it, without the cost of a command. */
  watch(): EventWatch {
    return new EventWatch(join(this.stateDir, 'registry.db'));
  }

  /** Address and admin token of the live dispatcher. */
  async endpoint(dispatcher: Command): Promise<{ readonly url: string; readonly token: string }> {
    await dispatcher.prints('API at ');
    const { url } = JSON.parse(this.read('.dispatcher', 'endpoint.json')) as { readonly url: string };
    return { url, token: this.read('.dispatcher', 'admin-token').trim() };
  }

  /** Nothing that was ever started for this registry is left. */
  async assertNothingLeft(): Promise<void> {
    const id = await this.watch().registryId();
    if (id === null) return;
    await until(
      `no process of registry ${id} is left`,
      () => runnersOf(id).length + forkServersOf(id).length === 0,
      () => `runners ${runnersOf(id).join(', ')}; fork-servers ${forkServersOf(id).join(', ')}`,
    );
  }

  /** Kills what the test left, without a verdict, and removes the folder. */
  async remove(): Promise<void> {
    for (const command of this.#commands) await command.kill();
    const id = await this.watch().registryId();
    if (id !== null) {
      await until('the rest is killed', () => {
        const rest = [...runnersOf(id), ...forkServersOf(id)];
        for (const pid of rest) {
          try {
            process.kill(pid, 'SIGKILL');
          } catch {
            // Gone by itself meanwhile.
          }
        }
        return rest.length === 0;
      });
    }
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A test with a project of its own, after which no process may be left. */
export const inProject =
  (settings: Settings, body: (project: Project) => Promise<void>) => async (): Promise<void> => {
    const project = await Project.create(settings);
    try {
      await body(project);
      await project.assertNothingLeft();
    } finally {
      await project.remove();
    }
  };
