import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RegistryId, RunnerId } from '../../domain/ids.ts';
import type { PortError } from '../../domain/failures.ts';
import type { Result } from '../../domain/result.ts';
import type { ExitReport, Inspection, ProcessHandle, StopReport, WatchEvent } from '../../ports/launcher.ts';
import type { ProcessTable } from '../../ports/process-table.ts';
import { follow } from './earlier-lineages.ts';
import { Endings, type FinalEvent } from '../endings.ts';
import { finalOf } from './final-event.ts';
import { SERVER_MARKER } from './fork-server.ts';
import type { Lineage, LineageNews, RecordedExit, RunnerRecord } from './lineage.ts';
import { livingRunners } from './living-runners.ts';
import type { TreeRoot } from './process-tree.ts';
import type { RunnerGroups } from './runner-groups.ts';
import { TreeStopper } from './tree-stopper.ts';

/** Between terminate and kill for what a runner left behind when it ended by itself. */
const STRAY_GRACE_MS = 1_000;
/** How often runners are looked after whose parent is no more. */
const POLL_MS = 200;
/** How long the line about an exit may take to come after the process is seen dead. */
const EXIT_LINE_MS = 5_000;
/** How long a child may take from the fork into its program before it is no longer waited for. */
const ENTRY_MS = 10_000;

/** Age from which on a dead server's journal is removed at the next orderly end, in ms: 7 days. */
const STALE_MS = 7 * 86_400_000;

interface Known {
  readonly record: RunnerRecord;
  readonly lineage: Lineage;
  readonly handle: ProcessHandle;
}

interface RunnersOptions {
  readonly processes: ProcessTable;
  readonly registryId: RegistryId;
  /** Of those runners that are limited. */
  readonly groups: RunnerGroups;
}

const exitOf = (final: FinalEvent | null): ExitReport | null => (final?.kind === 'exited' ? final.exit : null);

/** All runners of this registry on this machine, of whichever fork-server, and how each ends. */
export class Runners {
  readonly #processes: ProcessTable;
  readonly #groups: RunnerGroups;
  readonly #stopper: TreeStopper;
  readonly #endings = new Endings();
  /** Newest first. */
  readonly #lineages: Lineage[] = [];
  /** Begun by this dispatcher: should its server die, its runners are stopped, not adopted. */
  readonly #own = new Set<Lineage>();
  readonly #followers = new Map<Lineage, () => void>();
  /** Servers that may yet start something. */
  readonly #open = new Set<Lineage>();
  #whenClosed: (() => void)[] = [];
  /** Alive, but their fork-server is not: only looking tells when they end. */
  readonly #orphaned = new Map<RunnerId, ProcessHandle>();
  readonly #poll: NodeJS.Timeout;

  constructor({ processes, registryId, groups }: RunnersOptions, earlier: readonly Lineage[]) {
    this.#processes = processes;
    this.#groups = groups;
    this.#stopper = new TreeStopper(processes, registryId, groups);
    this.#poll = setInterval(() => this.#lookAfterOrphaned(), POLL_MS).unref();
    for (const lineage of earlier) {
      this.#add(lineage);
      if (!lineage.closed) this.#open.add(lineage);
      this.#followers.set(lineage, follow(lineage, processes));
    }
  }

  addOwn(lineage: Lineage): void {
    this.#own.add(lineage);
    this.#add(lineage);
  }

  #add(lineage: Lineage): void {
    this.#lineages.unshift(lineage);
    lineage.listen((news) => this.#hear(lineage, news));
  }

  /** No earlier fork-server can start anything any more. */
  get intakeOver(): boolean {
    return this.#open.size === 0;
  }

  whenIntakeOver(): Promise<void> {
    if (this.intakeOver) return Promise.resolve();
    return new Promise((resolve) => void this.#whenClosed.push(resolve));
  }

  find(id: RunnerId): Known | null {
    for (const lineage of this.#lineages) {
      const record = lineage.runners.get(id);
      if (record !== undefined) return { record, lineage, handle: this.handleOf(record, lineage) };
    }
    return null;
  }

  handleOf({ id, pid, startTime, runDir }: RunnerRecord, lineage: Lineage): ProcessHandle {
    return { kind: 'process', runnerId: id, pid, startTime, bootId: lineage.server?.bootId ?? '', runDir };
  }

  watch(handle: ProcessHandle, notify: (event: WatchEvent) => void): () => void {
    this.#followUp(handle);
    return this.#endings.watch(handle.runnerId, notify);
  }

  async stop(handle: ProcessHandle, graceMs: number): Promise<StopReport> {
    const id = handle.runnerId;
    this.#followUp(handle);
    const before = this.#endings.final(id);
    if (before !== null) return { exit: exitOf(before), survivors: [] };
    const survivors = this.#isThisBoot(handle) ? await this.#stopper.stop(this.#rootOf(handle), graceMs) : [];
    if (survivors.length > 0) return { exit: exitOf(this.#endings.final(id)), survivors };
    this.#lookAfterOrphaned();
    return { exit: exitOf(await this.#endings.within(id, EXIT_LINE_MS)), survivors };
  }

  async inspect(id: RunnerId, runDir: string): Promise<Inspection> {
    await this.whenIntakeOver();
    const known = this.find(id);
    if (known === null) {
      const reason = await this.traceOf(id, runDir, null);
      return reason === null ? { kind: 'neverStarted' } : { kind: 'vanished', reason };
    }
    const { handle } = known;
    this.#followUp(handle);
    if (known.record.exit === null && this.#endings.final(id) === null && this.#isAlive(handle)) {
      return { kind: 'alive', handle };
    }
    const final = await this.#endings.of(id);
    return final.kind === 'exited' ? { kind: 'exited', handle, exit: final.exit } : final;
  }

  /**
   * How it shows that a runner ran whose start no journal has; `null` if it did not and will not.
   * What is left of it is stopped.
   */
  async traceOf(id: RunnerId, runDir: string, lineage: Lineage | null): Promise<string | null> {
    if (lineage !== null) await this.#whenAllEntered(lineage);
    if (await this.#eradicate(id)) return 'it ran, but its start was never written down; it was stopped';
    if (this.#lineages.some(({ failed }) => failed.has(id))) return null;
    const log = await lstat(join(runDir, 'output.log')).catch(() => null);
    return log === null ? null : `no journal knows it, but ${runDir} has its log; it is not running`;
  }

  /** For a runner that is known to have run, and proven dead: whoever watches it is told so. */
  vanished(id: RunnerId, runDir: string, reason: string): ProcessHandle {
    this.#endings.settle(id, { kind: 'vanished', reason });
    // Nobody knows its pid; 0 is no process's, so nothing can be signalled by this handle.
    return { kind: 'process', runnerId: id, pid: 0, startTime: '0', bootId: this.#processes.bootId(), runDir };
  }

  /** Stops what carries this runner's marker, without grace. True if there was anything. */
  async #eradicate(id: RunnerId): Promise<boolean> {
    if (!(await this.#stopper.marked()).has(id)) return false;
    await this.#stopper.stop({ id, leader: null, server: null }, 0);
    return true;
  }

  living(): Promise<Result<readonly RunnerId[], PortError>> {
    return livingRunners(this.#stopper, this.intakeOver);
  }

  async reap(id: RunnerId): Promise<StopReport> {
    const known = this.find(id);
    const root = known === null ? { id, leader: null, server: null } : this.#rootOf(known.handle);
    return { exit: null, survivors: await this.#stopper.stop(root, 0) };
  }

  /** It succeeded, and said nothing but that. */
  leftNothing(id: RunnerId): boolean {
    const exit = exitOf(this.#endings.final(id));
    return exit !== null && exit.exitCode === 0 && exit.result === null;
  }

  /** True when `current`, still taking commands, is to forget it by itself. */
  forget(id: RunnerId, current: Lineage): boolean {
    this.#endings.forget(id);
    this.#groups.remove(id);
    this.#orphaned.delete(id);
    const known = this.find(id);
    if (known === null) return false;
    known.lineage.runners.delete(id);
    if (known.lineage === current) return true;
    void known.lineage.noteForgotten(id).then(() => this.#dropIfEmpty(known.lineage));
    return false;
  }

  /** Leaves all runners alone. Removes the journal of `current` if nothing in it can be asked for. */
  async close(current: Lineage, patienceMs: number): Promise<void> {
    clearInterval(this.#poll);
    for (const stop of this.#followers.values()) stop();
    await current.until(() => current.intakeOver, patienceMs);
    if (current.runners.size === 0) {
      await current.until(() => current.dead, patienceMs);
      await this.#dropIfEmpty(current);
    }
    const stale = this.#lineages.filter((lineage) => this.#isStale(lineage));
    await Promise.all(stale.map((lineage) => lineage.removeFiles()));
    this.#endings.silence();
  }

  /** A kill between an outcome and its forgetting leaves a line that nobody will ask for again. */
  #isStale(lineage: Lineage): boolean {
    if (!lineage.dead || lineage.age < STALE_MS) return false;
    return ![...lineage.runners.values()].some((record) => this.#isAlive(this.handleOf(record, lineage)));
  }

  async #dropIfEmpty(lineage: Lineage): Promise<void> {
    if (lineage.dead && lineage.runners.size === 0) await lineage.removeFiles();
  }

  #hear(lineage: Lineage, news: LineageNews): void {
    if (news.kind === 'exited') this.#conclude(this.handleOf(news.record, lineage), news.record.exit);
    else if (news.kind === 'closed') this.#noteIntakeOver(lineage);
    else if (news.kind === 'died') void this.#takeOver(lineage);
  }

  /** After the death of a fork-server: what it started is ours to look after. */
  async #takeOver(lineage: Lineage): Promise<void> {
    this.#followers.delete(lineage);
    if (!lineage.closed) await this.#whenAllEntered(lineage);
    for (const record of lineage.runners.values()) {
      if (record.exit === null) this.#followUp(this.handleOf(record, lineage));
    }
    this.#noteIntakeOver(lineage);
    if (!this.#own.has(lineage)) await this.#dropIfEmpty(lineage);
  }

  #noteIntakeOver(lineage: Lineage): void {
    this.#open.delete(lineage);
    if (this.#open.size > 0) return;
    const waiting = this.#whenClosed;
    this.#whenClosed = [];
    for (const resolve of waiting) resolve();
  }

  /** A child between fork and exec is nobody's yet, and is about to become a runner. */
  async #whenAllEntered(lineage: Lineage): Promise<void> {
    if (lineage.server === null || lineage.server.bootId !== this.#processes.bootId()) return;
    await this.#stopper.whenNoneHas(SERVER_MARKER, basename(lineage.journalPath), ENTRY_MS);
  }

  /** Sees to it that the end of this runner will be told, whatever is left to tell it. */
  #followUp(handle: ProcessHandle): void {
    const known = this.find(handle.runnerId);
    if (known !== null && known.record.exit !== null) return this.#conclude(handle, known.record.exit);
    if (known !== null && !known.lineage.dead) return;
    const adopt = known === null || !this.#own.has(known.lineage);
    if (adopt && this.#isAlive(handle)) this.#orphaned.set(handle.runnerId, handle);
    else this.#conclude(handle, null);
  }

  #lookAfterOrphaned(): void {
    for (const [id, handle] of this.#orphaned) {
      if (this.#isAlive(handle)) continue;
      this.#orphaned.delete(id);
      this.#conclude(handle, null);
    }
  }

  #conclude(handle: ProcessHandle, exit: RecordedExit | null): void {
    if (!this.#endings.begin(handle.runnerId)) return;
    const id = handle.runnerId;
    const settle = (): void => this.#endings.settle(id, finalOf(handle.runDir, exit, this.#groups.causeOf(id)));
    const clean = exit !== null && !exit.strays && this.#groups.membersOf(id).length === 0;
    if (clean || !this.#isThisBoot(handle)) return settle();
    // A stop under way keeps its own grace.
    const underWay = this.#stopper.inProgress(id);
    void (underWay ?? this.#stopper.stop(this.#rootOf(handle), STRAY_GRACE_MS)).then(settle);
  }

  #rootOf(handle: ProcessHandle): TreeRoot {
    const known = this.find(handle.runnerId);
    const server = known?.lineage.isServerAlive(this.#processes) === true ? known.lineage.server : null;
    return { id: handle.runnerId, leader: handle, server, sandboxed: known?.record.sandboxed ?? false };
  }

  #isThisBoot(handle: ProcessHandle): boolean {
    return handle.bootId === this.#processes.bootId();
  }

  #isAlive(handle: ProcessHandle): boolean {
    return this.#isThisBoot(handle) && this.#processes.isAlive(handle.pid, handle.startTime);
  }
}
