import type { PoolSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Size } from './fit-tree.ts';

/** Whole thousandths of a core and whole KiB, so that sums of fractions return to exactly 0. */
export const milliCores = (cores: number): number => Math.round(cores * 1000);
export const kibibytes = (mb: number): number => Math.round(mb * 1024);

/** More than there is anywhere. */
export const ENDLESS: Size = { milliCores: Number.POSITIVE_INFINITY, kib: Number.POSITIVE_INFINITY };

/** What a task takes in a pool: what it names, or else the pool's default. */
export const sizeIn = (task: ReadyTask, { defaultResources }: PoolSettings): Size => ({
  milliCores: milliCores(task.cpu ?? defaultResources.cpu),
  kib: kibibytes(task.memory ?? defaultResources.memory),
});
