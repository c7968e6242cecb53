import { setTimeout as delay } from 'node:timers/promises';
import { runnerId, type RunnerId } from '../../domain/ids.ts';
import type { ProcessEntry, ProcessTable } from '../../ports/process-table.ts';
import type { RunnerGroups } from './runner-groups.ts';
import { groupsOf, processKey, RUNNER_MARKER, treeOf, viewOf, type ProcessView, type TreeRoot } from './process-tree.ts';

/** How long the killed may take to die before they are reported as survivors, in ms. */
const KILL_PATIENCE_MS = 10_000;
/** Looks that must find nobody: a process that forks while it is counted can hide from one. */
const CLEAN_LOOKS = 2;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
/** How often is looked for somebody who is only passing, in ms. */
const LOOK_AGAIN_MS = 10;

/** One tree that is being stopped. Times by the monotonic clock. */
interface Stopping {
  readonly root: TreeRoot;
  killAt: number;
  cleanLooks: number;
  readonly known: Set<string>;
  readonly terminated: Set<string>;
  readonly done: Promise<readonly string[]>;
  readonly finish: (survivors: readonly string[]) => void;
}

/** Stops whole trees of processes and proves them dead. However many are stopped, one look serves all. */
export class TreeStopper {
  readonly #processes: ProcessTable;
  readonly #groups: RunnerGroups;
  readonly #marker: string;
  readonly #stopping = new Map<RunnerId, Stopping>();
  /** Markers by process; an environment is set once, by exec. */
  #markers = new Map<string, RunnerId | null>();
  #marked: Promise<ReadonlySet<RunnerId>> | null = null;
  #running = false;
  #hurry = new AbortController();

  constructor(processes: ProcessTable, registryId: string, groups: RunnerGroups) {
    this.#processes = processes;
    this.#groups = groups;
    this.#marker = `\0${RUNNER_MARKER}=${registryId}/`;
  }

  /**
   * Terminates, after `graceMs` kills. Resolves to the pids of those that could not be killed, mostly
   * none. Asked again for the same runner, the shorter grace counts.
   */
  stop(root: TreeRoot, graceMs: number): Promise<readonly string[]> {
    const killAt = performance.now() + Math.max(0, graceMs);
    const known = this.#stopping.get(root.id);
    if (known !== undefined) {
      known.killAt = Math.min(known.killAt, killAt);
      this.#hurry.abort();
      return known.done;
    }
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    this.#stopping.set(root.id, {
      root,
      killAt,
      cleanLooks: 0,
      known: new Set(),
      terminated: new Set(),
      done: promise,
      finish: (survivors) => {
        this.#stopping.delete(root.id);
        resolve(survivors);
      },
    });
    this.#hurry.abort();
    if (!this.#running) void this.#run();
    return promise;
  }

  inProgress(id: RunnerId): Promise<readonly string[]> | null {
    return this.#stopping.get(id)?.done ?? null;
  }

  /** All runners of which a living process carries the marker. Who asks at the same time shares the look. */
  marked(): Promise<ReadonlySet<RunnerId>> {
    this.#marked ??= this.#processes
      .scan()
      .then((entries) => {
        const found = new Set<RunnerId>();
        for (const { pid, state } of entries) {
          const id = state === 'Z' ? null : this.#read(pid);
          if (id !== null) found.add(id);
        }
        return found;
      })
      .finally(() => (this.#marked = null));
    return this.#marked;
  }

  /** Waits until no living process has this variable in its environment, or time is up. */
  async whenNoneHas(variable: string, value: string, patienceMs: number): Promise<void> {
    const wanted = `\0${variable}=${value}\0`;
    const has = ({ pid, state }: ProcessEntry): boolean =>
      state !== 'Z' && `\0${this.#processes.environment(pid) ?? ''}`.includes(wanted);
    for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await delay(LOOK_AGAIN_MS)) {
      if (!(await this.#processes.scan()).some(has)) return;
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let pause = FIRST_PAUSE_MS; this.#stopping.size > 0; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      if (this.#hurry.signal.aborted) {
        this.#hurry = new AbortController();
        pause = FIRST_PAUSE_MS;
      }
      // Who comes in while we look is served by the next look.
      const present = [...this.#stopping.values()];
      const view = await this.#look().catch(() => null);
      // Nothing is concluded from a look that failed (no descriptors left): the next one will tell.
      if (view !== null) for (const stopping of present) this.#step(stopping, view);
      if (this.#stopping.size > 0) await delay(pause, undefined, { signal: this.#hurry.signal }).catch(() => {});
    }
    this.#running = false;
  }

  async #look(): Promise<ProcessView> {
    const entries = await this.#processes.scan();
    const markers = new Map<string, RunnerId | null>();
    const servers = new Set([...this.#stopping.values()].map(({ root }) => root.server?.pid));
    // A descendant is never older than its leader: most of the machine need not be read.
    const oldest = Math.min(...[...this.#stopping.values()].map(({ root }) => Number(root.leader?.startTime ?? 0)));
    const runnerOf = (entry: ProcessEntry): RunnerId | null => {
      if (Number(entry.startTime) < oldest) return null;
      const key = processKey(entry);
      const cached = markers.get(key) ?? this.#markers.get(key);
      // A child of the fork-server that has not entered its program yet will carry another one.
      const settled = typeof cached === 'string' || (cached === null && !servers.has(entry.ppid));
      const found = settled ? cached : this.#read(entry.pid);
      markers.set(key, found);
      return found;
    };
    for (const entry of entries) if (entry.state !== 'Z') runnerOf(entry);
    this.#markers = markers;
    return viewOf(entries, runnerOf);
  }

  #read(pid: number): RunnerId | null {
    const environment = `\0${this.#processes.environment(pid) ?? ''}`;
    const at = environment.indexOf(this.#marker);
    if (at < 0) return null;
    const start = at + this.#marker.length;
    const end = environment.indexOf('\0', start);
    const name = environment.slice(start, end < 0 ? undefined : end);
    return runnerId(Buffer.from(name, 'latin1').toString('utf8'));
  }

  #step(stopping: Stopping, view: ProcessView): void {
    // Whoever got out of the tree could not get out of the control group.
    const grouped = this.#groups.membersOf(stopping.root.id);
    for (const pid of grouped) {
      const entry = view.byPid.get(pid);
      if (entry !== undefined) stopping.known.add(processKey(entry));
    }
    const members = treeOf(view, stopping.root, stopping.known);
    if (members.length === 0 && grouped.length === 0) {
      stopping.cleanLooks += 1;
      if (stopping.cleanLooks >= CLEAN_LOOKS) stopping.finish([]);
      return;
    }
    stopping.cleanLooks = 0;
    for (const member of members) stopping.known.add(processKey(member));
    const now = performance.now();
    if (now >= stopping.killAt + KILL_PATIENCE_MS) {
      stopping.finish([...new Set([...members.map(({ pid }) => pid), ...grouped])].map(String));
    } else if (now >= stopping.killAt) {
      this.#groups.kill(stopping.root.id);
      // Who forks all the time is another by the time that its pid is signalled; its group is the same.
      const groups = groupsOf(view, members, (pid, startTime) => this.#processes.isAlive(pid, startTime));
      for (const [pgrp, newest] of groups) this.#processes.signalGroup(pgrp, newest, 'SIGKILL');
      for (const { pid, startTime } of members) this.#processes.signal(pid, startTime, 'SIGKILL');
    } else {
      this.#terminate(stopping, members);
    }
  }

  #terminate({ terminated, root }: Stopping, members: readonly ProcessEntry[]): void {
    const spared = root.sandboxed === true && root.leader !== null ? processKey(root.leader) : null;
    for (const member of members) {
      const key = processKey(member);
      if (terminated.has(key) || key === spared) continue;
      terminated.add(key);
      this.#processes.signal(member.pid, member.startTime, 'SIGTERM');
      // A stopped process takes no notice until it goes on.
      this.#processes.signal(member.pid, member.startTime, 'SIGCONT');
    }
  }
}
