import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { encodeCommand } from './command-frame.ts';
import { isJournalled } from './journal-line.ts';
import { Lineage, logPathOf } from './lineage.ts';

const SCRIPT = join(import.meta.dirname, 'fork-server.pl');

/** Only for finding perl; runners get the environment of their intent and nothing else. */
const SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin';

/** By this variable a child that has not entered its program yet is told from others. */
export const SERVER_MARKER = 'DISPATCHER_FORK_SERVER';

const startFailure = (perl: string, reason: string): PortError =>
  portError('permanent', `local-process: cannot start the fork-server with "${perl}": ${reason}; is Perl 5 installed?`);

/** A live fork-server of this dispatcher: commands go in, what it reports goes into its {@link Lineage}. */
export class ForkServer {
  readonly lineage: Lineage;
  readonly #child: ChildProcess;
  readonly #commands: Writable;
  readonly #reports: Readable;
  #batch: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);

  private constructor(child: ChildProcess, commands: Writable, reports: Readable, lineage: Lineage) {
    this.#child = child;
    this.#commands = commands;
    this.#reports = reports;
    this.lineage = lineage;
    // A dead server shows by the end of its reports; what could not be written is known by then.
    commands.on('error', () => {});
    reports.on('error', () => {});
    reports.on('data', (chunk: Buffer) => this.#takeIn(chunk));
  }

  /** Starts one, and resolves when it has opened its journal: nothing it is told is ever unaccounted for. */
  static start(perl: string, journalPath: string, registryId: string): Promise<Result<ForkServer, PortError>> {
    let log: number;
    try {
      log = openSync(logPathOf(journalPath), 'a', 0o600);
    } catch (error) {
      return Promise.resolve(err(startFailure(perl, error instanceof Error ? error.message : 'no log file')));
    }
    const child = spawn(perl, ['-w', SCRIPT, journalPath, registryId, process.arch], {
      cwd: '/',
      detached: true,
      env: { PATH: SEARCH_PATH, LC_ALL: 'C', [SERVER_MARKER]: basename(journalPath) },
      stdio: ['pipe', 'pipe', log],
    });
    closeSync(log);
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) return Promise.resolve(err(startFailure(perl, 'no pipes')));
    const server = new ForkServer(child, stdin, stdout, new Lineage(journalPath));
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(err(startFailure(perl, error.message))));
      child.once('close', (code, signal) => {
        const how = signal ?? `exit code ${code ?? 'unknown'}`;
        resolve(err(startFailure(perl, `it ended at once (${how}), see ${logPathOf(journalPath)}`)));
        void server.#bury();
      });
      stdout.once('data', () => {
        // After the listener of the constructor: the header is one short write and has been taken in.
        if (server.lineage.server !== null) resolve(ok(server));
      });
    });
  }

  get alive(): boolean {
    return !this.lineage.dead && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Commands of one tick of the event loop go out in one write. */
  send(fields: readonly string[]): void {
    if (this.#batch.length === 0) process.nextTick(() => this.#flush());
    this.#batch.push(encodeCommand(fields));
  }

  /** Ends intake; the server goes on as long as it has children. */
  close(): void {
    this.#flush();
    this.#commands.end();
  }

  /** Lets this process end, whatever becomes of the server. */
  letGo(): void {
    this.#reports.destroy();
    this.#child.unref();
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0 && this.#commands.writable) this.#commands.write(Buffer.concat(batch));
  }

  #takeIn(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf(0x0a);
    this.#rest = bytes.subarray(end + 1);
    if (end < 0) return;
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      if (isJournalled(line)) this.lineage.take(line);
      else this.lineage.hear(line);
    }
  }

  async #bury(): Promise<void> {
    // What it wrote down but could no longer report.
    await this.lineage.readOn();
    this.lineage.markDead();
  }
}
