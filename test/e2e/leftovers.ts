import { readdirSync, readFileSync } from 'node:fs';

/** The environment that a process was started with; `null` when it is gone, a zombie, or not ours to read. */
const environmentOf = (pid: string): string | null => {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
  } catch {
    return null;
  }
};

/** Pids of living processes with `NAME=value…` in their environment, read straight from the kernel. */
export const processesWith = (start: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && (environmentOf(name)?.includes(`\0${start}`) ?? false))
    .map(Number);

/** Runners of a registry and whatever they started. */
export const runnersOf = (registryId: string): readonly number[] => processesWith(`DISPATCHER_RUNNER=${registryId}/`);

/** Its fork-servers: each carries the path of a journal, or the registry's id, in its command line. */
export const forkServersOf = (registryId: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes('fork-server.pl') && command.includes(registryId);
      } catch {
        return false;
      }
    })
    .map(Number);

/** Alive and no zombie. */
export const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
};
