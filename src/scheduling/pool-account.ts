import type { PoolSettings } from '../domain/settings.ts';
import type { Size } from './fit-tree.ts';
import { kibibytes, milliCores } from './task-size.ts';

/** What the ledger keeps of one pool. */
export interface PoolAccount {
  settings: PoolSettings;
  state: string;
  /** Why it is in that state, where anybody said. */
  reason: string | null;
  accepting: boolean;
  running: number;
  milliCores: number;
  kib: number;
}

/** What is free for one more; without a quota, no bound. */
export const freeIn = ({ settings, milliCores: cores, kib }: PoolAccount): Size => ({
  milliCores: settings.cpuQuota === null ? Number.MAX_VALUE : milliCores(settings.cpuQuota) - cores,
  kib: settings.memoryQuota === null ? Number.MAX_VALUE : kibibytes(settings.memoryQuota) - kib,
});

/** 0 (empty) to 1 (full): the fullest of its dimensions. */
export const loadOf = ({ settings, running, milliCores: cores, kib }: PoolAccount): number => {
  const share = (used: number, limit: number | null): number => (limit === null || limit === 0 ? 0 : used / limit);
  return Math.max(
    share(running, settings.maxConcurrency),
    share(cores / 1000, settings.cpuQuota),
    share(kib / 1024, settings.memoryQuota),
  );
};
