import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { until } from './until.ts';

/** How a command ended. */
export interface Ended {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Leads a process group of its own, as a terminal gives to each command. */
  readonly ownGroup?: boolean;
  /** Has an input that {@link Command.type} writes to; else none. */
  readonly typed?: boolean;
}

/** A running command, with what it has printed so far. */
export class Command {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #over = false;

  constructor(file: string, args: readonly string[], options: CommandOptions) {
    const { cwd, env, ownGroup = false, typed = false } = options;
    const child = spawn(file, args, { cwd, env, detached: ownGroup, stdio: [typed ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => void (this.#stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => void (this.#stderr += text));
    this.#child = child;
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#over = true;
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    assert.ok(this.#child.pid !== undefined, 'the command could not be started');
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Everything it has said, for the text of a failure. */
  get said(): string {
    return `--- stdout\n${this.#stdout}--- stderr\n${this.#stderr}`;
  }

  signal(signal: NodeJS.Signals): void {
    assert.ok(this.#child.kill(signal), `${signal} reached nobody\n${this.said}`);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** To it and all in its group, as Ctrl-C in a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Waits for a condition, and fails at once when the command ends before it holds. */
  until<T>(what: string, look: () => T | Promise<T>): Promise<Exclude<T, false | null | undefined>> {
    return until(
      what,
      async () => {
        const over = this.#over;
        const found = await look();
        if (over && (found === false || found === null || found === undefined)) {
          assert.fail(`the command ended before: ${what}\n${this.said}`);
        }
        return found;
      },
      () => this.said,
    );
  }

  /** Waits until it has printed this. */
  prints(text: string | RegExp): Promise<true> {
    return this.until(`prints ${String(text)}`, () =>
      (typeof text === 'string' ? this.#stdout.includes(text) : text.test(this.#stdout)) ? true : null,
    );
  }

  /** Waits for its end, within the bound. */
  async end(): Promise<Ended> {
    await until('the command ends', () => this.#over, () => this.said);
    return this.ended;
  }

  /** At the end of a test, whatever happened in it. */
  async kill(): Promise<void> {
    if (!this.#over) this.#child.kill('SIGKILL');
    await this.ended.catch(() => null);
  }
}
