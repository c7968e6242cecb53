import type { RunnerId } from '../../domain/ids.ts';
import type { ProcessEntry } from '../../ports/process-table.ts';

/** Every process of a runner is started with this variable: `<registry id>/<runner id>`. */
export const RUNNER_MARKER = 'DISPATCHER_RUNNER';

/** A process for good: a pid alone may be another's by now. */
export interface ProcessName {
  readonly pid: number;
  readonly startTime: string;
}
export const processKey = ({ pid, startTime }: ProcessName): string => `${pid}:${startTime}`;

/** Whose tree is looked for. */
export interface TreeRoot {
  readonly id: RunnerId;
  /** `null` when nobody knows: then only the marker tells. */
  readonly leader: ProcessName | null;
  /** The fork-server that started it, while that lives. */
  readonly server: ProcessName | null;
  /** The leader only holds a sandbox together: were it terminated, nobody inside had any grace. */
  readonly sandboxed?: boolean;
}

/** All processes at one moment. */
export interface ProcessView {
  readonly byPid: ReadonlyMap<number, ProcessEntry>;
  readonly byParent: ReadonlyMap<number, readonly ProcessEntry[]>;
  /** Runner named by the marker in a process' environment. */
  readonly runnerOf: (entry: ProcessEntry) => RunnerId | null;
}

export const viewOf = (entries: readonly ProcessEntry[], runnerOf: ProcessView['runnerOf']): ProcessView => {
  const byPid = new Map<number, ProcessEntry>();
  const byParent = new Map<number, ProcessEntry[]>();
  for (const entry of entries) {
    byPid.set(entry.pid, entry);
    const siblings = byParent.get(entry.ppid);
    if (siblings === undefined) byParent.set(entry.ppid, [entry]);
    else siblings.push(entry);
  }
  return { byPid, byParent, runnerOf };
};

const isZombie = (entry: ProcessEntry): boolean => entry.state === 'Z' || entry.state === 'X';

const is = (entry: ProcessEntry | undefined, name: ProcessName | null): boolean =>
  entry !== undefined && name !== null && entry.pid === name.pid && entry.startTime === name.startTime;

/**
 * The living members of a runner's tree, each proven to be one: the leader; what carries its marker;
 * what is in its session or process group while the leader is there, or is an orphan that came to
 * its fork-server; what was known to belong before; and all descendants of those.
 *
 * A session's number outlives its leader and can be given out again, hence the second proof.
 */
export const treeOf = (view: ProcessView, root: TreeRoot, known: ReadonlySet<string>): readonly ProcessEntry[] => {
  const { leader, server } = root;
  const leaderIsThere = leader !== null && is(view.byPid.get(leader.pid), leader);
  const serverIsThere = server !== null && is(view.byPid.get(server.pid), server);
  const belongs = (entry: ProcessEntry): boolean => {
    if (is(entry, leader) || known.has(processKey(entry))) return true;
    const byNumber = leader !== null && (entry.session === leader.pid || entry.pgrp === leader.pid);
    if (byNumber && (leaderIsThere || (serverIsThere && entry.ppid === server.pid))) return true;
    return view.runnerOf(entry) === root.id;
  };
  const members = new Map<number, ProcessEntry>();
  const queue = [...view.byPid.values()].filter((entry) => !isZombie(entry) && belongs(entry));
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    if (members.has(entry.pid) || is(entry, server) || entry.pid <= 1) continue;
    members.set(entry.pid, entry);
    queue.push(...(view.byParent.get(entry.pid) ?? []));
  }
  return [...members.values()].filter((entry) => !isZombie(entry));
};

/**
 * The process groups that are wholly this runner's, each with the latest start time of the members seen.
 * One in which somebody else is seen is none of them; who was seen and is gone by now speaks against no
 * group, or one that forks all the time would never be caught.
 */
export const groupsOf = (
  view: ProcessView,
  members: readonly ProcessEntry[],
  isAlive: (pid: number, startTime: string) => boolean,
): ReadonlyMap<number, string> => {
  const groups = new Map<number, string>();
  for (const { pgrp, startTime } of members) {
    const newest = groups.get(pgrp);
    if (newest === undefined || Number(newest) < Number(startTime)) groups.set(pgrp, startTime);
  }
  const ours = new Set(members.map(({ pid }) => pid));
  for (const { pid, pgrp, startTime } of view.byPid.values()) {
    if (groups.has(pgrp) && !ours.has(pid) && isAlive(pid, startTime)) groups.delete(pgrp);
  }
  return groups;
};
