import type { PoolName, TaskKey } from '../../domain/ids.ts';

/** How long an attempt takes, ms: always the same, or as luck has it. */
export type Duration =
  | { readonly kind: 'fixed'; readonly ms: number }
  /** Rises from `min` to `mode` and falls to `max`. */
  | { readonly kind: 'triangular'; readonly min: number; readonly mode: number; readonly max: number }
  /** Log-normal: half of them take less than `p50`, nine in ten less than `p90`. */
  | { readonly kind: 'logNormal'; readonly p50: number; readonly p90: number }
  /** As it was: any of these, in ascending order, or between two of them. */
  | { readonly kind: 'observed'; readonly sorted: readonly number[] };

/** What is known of how long attempts take. The first that knows a task wins, in this order. */
export interface DurationModel {
  readonly tasks: ReadonlyMap<string, Duration>;
  /** By `pool` and skill in one: `docker/backend`. A pool's name has no slash. */
  readonly places: ReadonlyMap<string, Duration>;
  readonly skills: ReadonlyMap<string, Duration>;
  readonly pools: ReadonlyMap<PoolName, Duration>;
  readonly fallback: Duration;
}

export interface TimedAttempt {
  readonly key: TaskKey;
  readonly skill: string | null;
  readonly pool: PoolName;
}

export const placeOf = (pool: PoolName, skill: string | null): string => `${pool}/${skill ?? ''}`;

/** A later run of a set (`name@2`) does what the first did. */
export const withoutRun = (key: string): string => key.replace(/^([^/]*?)@\d+\//, '$1/');

export const durationOf = (model: DurationModel, { key, skill, pool }: TimedAttempt): Duration => {
  const id = key.slice(key.indexOf('/') + 1);
  return (
    model.tasks.get(key) ??
    model.tasks.get(withoutRun(key)) ??
    model.tasks.get(id) ??
    model.places.get(placeOf(pool, skill)) ??
    (skill === null ? undefined : model.skills.get(skill)) ??
    model.pools.get(pool) ??
    model.fallback
  );
};

/** z of the 90th percentile of the normal distribution. */
const Z90 = 1.281_551_565_5;

/**
 * Inverse of the normal distribution's function, to 1e-9 of it.
 * @see Acklam, "An algorithm for computing the inverse normal cumulative distribution function", 2003
 */
const inverseNormal = (p: number): number => {
  const tail = (q: number): number =>
    (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) * q +
      2.938163982698783) /
    ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1);
  const LOW = 0.024_25;
  if (p < LOW) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - LOW) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r - 30.66479806614716) * r +
      2.506628277459239) *
      q) /
    (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r - 13.28068155288572) * r + 1)
  );
};

const SMALLEST_LUCK = 1e-9;

const triangular = ({ min, mode, max }: Extract<Duration, { kind: 'triangular' }>, luck: number): number => {
  const width = max - min;
  if (width === 0) return min;
  const rise = (mode - min) / width;
  return luck < rise ? min + Math.sqrt(luck * width * (mode - min)) : max - Math.sqrt((1 - luck) * width * (max - mode));
};

const between = (sorted: readonly number[], luck: number): number => {
  const place = luck * (sorted.length - 1);
  const [low = 0, high = low] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
};

/**
 * One draw, in whole ms.
 *
 * @param luck uniform in [0, 1); more luck, longer
 */
export const drawnMs = (duration: Duration, luck: number): number => {
  switch (duration.kind) {
    case 'fixed':
      return Math.round(duration.ms);
    case 'triangular':
      return Math.round(triangular(duration, luck));
    case 'logNormal': {
      const sigma = Math.log(duration.p90 / duration.p50) / Z90;
      return Math.round(duration.p50 * Math.exp(sigma * inverseNormal(Math.max(luck, SMALLEST_LUCK))));
    }
    case 'observed':
      return Math.round(between(duration.sorted, luck));
  }
};

const varies = (duration: Duration): boolean => {
  switch (duration.kind) {
    case 'fixed':
      return false;
    case 'triangular':
      return duration.max > duration.min;
    case 'logNormal':
      return duration.p90 > duration.p50;
    case 'observed':
      return (duration.sorted.at(-1) ?? 0) > (duration.sorted[0] ?? 0);
  }
};

/** Whether one run may take another time than the next. */
export const isUncertain = ({ tasks, places, skills, pools, fallback }: DurationModel): boolean =>
  [...tasks.values(), ...places.values(), ...skills.values(), ...pools.values(), fallback].some(varies);
