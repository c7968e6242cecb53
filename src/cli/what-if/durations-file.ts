import { field, mapOf, record, type Kind } from '../../config/field.ts';
import { findingsOf, locateFindings } from '../../config/finding.ts';
import { formatInputErrors } from '../../config/input-error.ts';
import { readTextFile } from '../../config/text-file.ts';
import { parseYamlDocument } from '../../config/yaml-document.ts';
import { poolName } from '../../domain/ids.ts';
import { parseDuration } from '../../domain/quantities.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Duration, DurationModel } from '../../simulation/what-if/durations.ts';

const MAX_BYTES = 16 * 2 ** 20;
const EXPECTED = 'a duration such as "5m", {min, mode, max}, {min, mean, max} or {p50, p90}';

/** Where nothing is said of a task. */
export const DEFAULT_DURATION: Duration = { kind: 'fixed', ms: 60_000 };

type Bounds = Readonly<Record<string, number>>;

const said = (message: string): Result<never, { readonly kind: 'said'; readonly message: string }> => err({ kind: 'said', message });

const spread = (bounds: Bounds): Result<Duration, { readonly kind: 'said'; readonly message: string }> => {
  const { min, mode, mean, max, p50, p90 } = bounds;
  const names = Object.keys(bounds).toSorted().join();
  if (names === 'p50,p90' && p50 !== undefined && p90 !== undefined) {
    if (p50 === 0 || p90 < p50) return said('p50 is 0 or more than p90; expected 0 < p50 <= p90');
    return ok({ kind: 'logNormal', p50, p90 });
  }
  if (min === undefined || max === undefined || !['max,min', 'max,min,mode', 'max,mean,min'].includes(names)) {
    return said(`has the keys ${names || 'of none'}; expected ${EXPECTED}`);
  }
  const top = mode ?? (mean === undefined ? (min + max) / 2 : 3 * mean - min - max);
  if (max < min || top < min || top > max) {
    return said(mean === undefined ? 'is out of order; expected min <= mode <= max' : 'no triangle has this min, mean and max; give min, mode, max');
  }
  return ok({ kind: 'triangular', min, mode: top, max });
};

const duration: Kind<Duration> = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const read = parseDuration(value);
    return read.ok ? ok({ kind: 'fixed', ms: read.value }) : err({ kind: 'expected', what: EXPECTED });
  }
  const bounds: Record<string, number> = {};
  for (const [name, written] of Object.entries(value)) {
    const read = parseDuration(written);
    if (!read.ok) return said(`${name}: expected ${read.error}`);
    bounds[name] = read.value;
  }
  return spread(bounds);
};

const named = (what: string) => mapOf(field(duration), what).nullish();

const schema = record(
  {
    default: field(duration).optional(),
    tasks: named('a mapping from tasks (spec/id, or an id alone) to durations'),
    skills: named('a mapping from skills to durations'),
    pools: named('a mapping from pools to durations'),
  },
  'a mapping with default, tasks, skills and pools',
);

/**
 * Reads how long tasks take: YAML or JSON with `default`, and `tasks` (by `spec/id` or id), `skills`,
 * `pools`, the first of which knows a task; each a duration, or a spread. Errors as lines.
 *
 * @example { default: 5m, tasks: { build/test: { p50: 2m, p90: 10m } }, skills: { web: { min: 1m, mode: 3m, max: 20m } } }
 */
export const readDurations = (file: string): Result<DurationModel, readonly string[]> => {
  const text = readTextFile(file, MAX_BYTES);
  if (!text.ok) return err(formatInputErrors([text.error]));
  const document = parseYamlDocument(text.value, file);
  if (!document.ok) return err(formatInputErrors([document.error]));
  const parsed = schema.safeParse(document.value.value ?? {});
  if (!parsed.success) return err(formatInputErrors(locateFindings(document.value, findingsOf(parsed.error))));
  const { tasks, skills, pools } = parsed.data;
  return ok({
    tasks: new Map(Object.entries(tasks ?? {})),
    places: new Map(),
    skills: new Map(Object.entries(skills ?? {})),
    pools: new Map(Object.entries(pools ?? {}).map(([name, value]) => [poolName(name), value])),
    fallback: parsed.data.default ?? DEFAULT_DURATION,
  });
};
