import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessEntry, ProcessTable } from '../ports/process-table.ts';
import type { Holder } from '../ports/task-registry.ts';

/** Processes read in one go: about 2 ms of the event loop. */
const SCAN_CHUNK = 200;

/** Gone, or (ESRCH) going while it is read; or not ours to read. */
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

/** `USER_HZ` is 100 on every architecture that Linux has had for long. @see time(7) */
const MS_PER_TICK = 10;

const readProc = (path: string): string | null => {
  try {
    // latin1: names and environments are bytes, and must not be lost to a decoder.
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return null;
    // No descriptors left, say: that must not look like a death.
    throw error;
  }
};

/**
 * Reads a line of `/proc/<pid>/stat`. The second field is the program's name in brackets and may hold
 * brackets and blanks itself, so that counting begins after the last bracket.
 * @see proc(5)
 */
export const parseStat = (line: string): ProcessEntry | null => {
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, ppid, pgrp, session] = fields;
  // Field 22 of the whole; the state is the third.
  const startTime = fields[22 - 3];
  // Fields 14 to 17: user and system time, its own and its children's.
  const ticks = fields.slice(14 - 3, 18 - 3).reduce((sum, field) => sum + Number(field), 0);
  if (!Number.isInteger(pid) || state === undefined || session === undefined || startTime === undefined) return null;
  return { pid, ppid: Number(ppid), pgrp: Number(pgrp), session: Number(session), state, startTime, cpuMs: ticks * MS_PER_TICK };
};

const find = (pid: number): ProcessEntry | null => {
  if (!Number.isInteger(pid) || pid < 1) return null;
  const line = readProc(`${pid}/stat`);
  return line === null ? null : parseStat(line);
};

// X and x: dead, seen only for an instant.
const isDead = (entry: ProcessEntry): boolean => entry.state === 'Z' || entry.state === 'X' || entry.state === 'x';

const isAlive = (pid: number, startTime: string): boolean => {
  try {
    const entry = find(pid);
    return entry !== null && entry.startTime === startTime && !isDead(entry);
  } catch {
    // Nobody is declared dead because we could not look.
    return true;
  }
};

const signal = (pid: number, startTime: string, name: NodeJS.Signals): boolean => {
  // 1 and below would reach init, our own group, or everyone.
  if (pid <= 1) return false;
  try {
    if (find(pid)?.startTime !== startTime) return false;
    return process.kill(pid, name);
  } catch {
    return false;
  }
};

const signalGroup = (pgrp: number, newest: string, name: NodeJS.Signals): boolean => {
  if (pgrp <= 1) return false;
  try {
    // As long as the group has a member its number is nobody's pid but its first member's.
    const first = find(pgrp);
    if (first !== null && Number(first.startTime) > Number(newest)) return false;
    return process.kill(-pgrp, name);
  } catch {
    return false;
  }
};

const giveWay = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const scan = async (): Promise<readonly ProcessEntry[]> => {
  const pids = readdirSync('/proc').filter((name) => name.charCodeAt(0) <= 57 && name.charCodeAt(0) >= 48);
  const entries: ProcessEntry[] = [];
  for (let at = 0; at < pids.length; at += SCAN_CHUNK) {
    if (at > 0) await giveWay();
    for (const pid of pids.slice(at, at + SCAN_CHUNK)) {
      const entry = find(Number(pid));
      if (entry !== null) entries.push(entry);
    }
  }
  return entries;
};

let knownBootId: string | null = null;

/** The kernel's own process table, by proc(5). Linux only. */
export const systemProcessTable = (): ProcessTable => ({
  bootId: () => (knownBootId ??= readProc('sys/kernel/random/boot_id')?.trim() ?? 'unknown'),
  find,
  isAlive,
  environment: (pid) => readProc(`${pid}/environ`),
  scan,
  signal,
  signalGroup,
});

/** Who this process is, for the registry's lock. */
export const holderOfThisProcess = (): Holder => ({
  pid: process.pid,
  startTime: find(process.pid)?.startTime ?? 'unknown',
  bootId: systemProcessTable().bootId(),
  host: hostname(),
  since: Date.now(),
});
