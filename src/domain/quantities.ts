import { err, ok, type Result } from './result.ts';

/** The longest time that may be configured, 24.8 days: timers above 2³¹ − 1 ms fire at once. */
export const MAX_DURATION_MS = 2_147_483_647;

const EXPECTED_DURATION = 'a duration: seconds, or a number with ms, s, m, h or d such as "500ms", "30s", "5m", "2h"';
const EXPECTED_MEMORY = 'memory: MB, or a number with Ki, Mi, Gi or Ti such as "512Mi", "2Gi"';
const EXPECTED_CPU = 'CPU: cores such as 2 or 0.5, or thousandths such as "500m"';

/** More than any machine has; keeps sums far from where doubles lose whole numbers. */
const MAX_MEMORY_MB = 2 ** 40;
const MAX_CPU_CORES = 1_000_000;

const PLAIN = /^\d+(?:\.\d+)?$/;
const NUMBER = String.raw`(\d+(?:\.\d+)?)`;
const COMPOUND = new RegExp(`^(?:${NUMBER}d)?(?:${NUMBER}h)?(?:${NUMBER}m)?(?:${NUMBER}s)?(?:${NUMBER}ms)?$`);
const UNIT_MS = [86_400_000, 3_600_000, 60_000, 1000, 1] as const;

/** The number behind a bare number or a text that is nothing but one; `null` for anything else. */
const plainNumber = (value: unknown): number | null => {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : null;
  return typeof value === 'string' && PLAIN.test(value) ? Number(value) : null;
};

/**
 * Reads a duration as people write it: a number of seconds, or text with units, largest first.
 *
 * @returns whole milliseconds, 0 to {@link MAX_DURATION_MS}; the error says what was expected
 * @example parseDuration('1h30m') // 5,400,000
 */
export const parseDuration = (value: unknown): Result<number, string> => {
  const seconds = plainNumber(value);
  let ms = seconds === null ? null : seconds * 1000;
  if (ms === null && typeof value === 'string' && value !== '') {
    const parts = COMPOUND.exec(value)?.slice(1);
    ms = parts?.reduce((sum, part, unit) => sum + Number(part ?? 0) * (UNIT_MS[unit] ?? 0), 0) ?? null;
  }
  if (ms === null) return err(EXPECTED_DURATION);
  return ms <= MAX_DURATION_MS ? ok(Math.round(ms)) : err('a duration of at most 24 days, for timers reach no further');
};

/**
 * A duration for people, which {@link parseDuration} reads back: below a minute exact to the
 * millisecond, from there on in whole seconds.
 *
 * @param ms milliseconds; negative ones count as 0
 * @example formatDuration(5_400_000) // "1h30m"
 */
export const formatDuration = (ms: number): string => {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1000) return whole === 0 ? '0s' : `${whole}ms`;
  if (whole < 60_000) return `${whole / 1000}s`;
  let seconds = Math.round(whole / 1000);
  let text = '';
  for (const [unit, length] of [['d', 86_400], ['h', 3600], ['m', 60], ['s', 1]] as const) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
};

const MEMORY_UNIT_MB: Readonly<Record<string, number>> = { Ki: 1 / 1024, Mi: 1, Gi: 1024, Ti: 1024 * 1024 };

/**
 * Reads an amount of memory: a number of MB (MiB), or text with a binary unit.
 *
 * @returns MB, not rounded; the error says what was expected
 * @example parseMemory('2Gi') // 2048
 */
export const parseMemory = (value: unknown): Result<number, string> => {
  let mb = plainNumber(value);
  if (mb === null && typeof value === 'string') {
    const unit = MEMORY_UNIT_MB[value.slice(-2)];
    const amount = plainNumber(value.slice(0, -2));
    mb = unit === undefined || amount === null ? null : amount * unit;
  }
  return mb !== null && mb <= MAX_MEMORY_MB ? ok(mb) : err(EXPECTED_MEMORY);
};

/**
 * Reads an amount of CPU: a number of cores, or text in thousandths of a core.
 *
 * @returns cores; the error says what was expected
 * @example parseCpu('500m') // 0.5
 */
export const parseCpu = (value: unknown): Result<number, string> => {
  let cores = plainNumber(value);
  if (cores === null && typeof value === 'string' && value.endsWith('m')) {
    const thousandths = plainNumber(value.slice(0, -1));
    cores = thousandths === null ? null : thousandths / 1000;
  }
  return cores !== null && cores <= MAX_CPU_CORES ? ok(cores) : err(EXPECTED_CPU);
};
