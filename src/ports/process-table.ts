/** One process as the kernel shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** `R`, `S`, `D`, `T`, `Z` … as in proc(5). */
  readonly state: string;
  /** Clock ticks since boot. With the pid and the boot id it names a process for good. */
  readonly startTime: string;
  /** Processor time in ms that it and those of its children that it has waited for have used. */
  readonly cpuMs: number;
}

/** The processes of this machine. Reads nothing but what the kernel has in memory. */
export interface ProcessTable {
  /** Changes with every boot: pids and start times mean nothing under another one. */
  bootId(): string;
  /** `null` when there is none; a zombie is still there. Throws when the kernel cannot be asked (no descriptors left). */
  find(pid: number): ProcessEntry | null;
  /** Present, the same process, and not a zombie. True also when it cannot be found out: nobody is taken for dead unseen. */
  isAlive(pid: number, startTime: string): boolean;
  /** Environment with which its program was started, `NAME=value` each ended by NUL; `null` when it cannot be read. */
  environment(pid: number): string | null;
  /** All that are there now, zombies too. Gives way to the event loop while it reads. */
  scan(): Promise<readonly ProcessEntry[]>;
  /** Sends a signal, after a last look that it is still this process. False when it is gone or not ours to signal. */
  signal(pid: number, startTime: string, signal: NodeJS.Signals): boolean;
  /**
   * Sends a signal to all members of a process group in one step of the kernel: none of them can fork out
   * of it. `newest` is the latest start time of the members that were seen; false when the group is gone,
   * not ours to signal, or its number was given out again since.
   */
  signalGroup(pgrp: number, newest: string, signal: NodeJS.Signals): boolean;
}
