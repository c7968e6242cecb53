import type { PoolSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Size } from './fit-tree.ts';

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

/** Whole thousandths of a core and whole KiB, so that sums of fractions return to exactly 0. */
export const milliCores = (cores: number): number => Math.round(cores * 1000);
export const kibibytes = (mb: number): number => Math.round(mb * 1024);

export const ENDLESS: Size = { milliCores: Number.POSITIVE_INFINITY, kib: Number.POSITIVE_INFINITY };

/** What a task takes in a pool of these settings. */
export const sizeIn = (task: ReadyTask, { defaultResources }: PoolSettings): Size => ({
  milliCores: milliCores(task.cpu ?? defaultResources.cpu),
  kib: kibibytes(task.memory ?? defaultResources.memory),
});

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
