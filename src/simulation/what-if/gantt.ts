import { formatDuration } from '../../domain/quantities.ts';
import type { PoolName } from '../../domain/ids.ts';
import type { ForecastAttempt } from './forecast.ts';

/** One chart: who runs where and when. Times in ms. */
export interface GanttPanel {
  readonly title: string;
  readonly pools: readonly PoolName[];
  readonly attempts: readonly ForecastAttempt[];
}

const WIDTH = 1200;
const LEFT = 150;
const RIGHT = 20;
const LANE = 16;
const BAR = 13;
const HEAD = 46;
const POOL_GAP = 8;
const TICKS = 8;
/** Room that a letter takes, roughly: a name is written into its bar where it fits. */
const LETTER = 6.2;
const COLOURS = ['#4e79a7', '#f28e2b', '#59a14f', '#b07aa1', '#76b7b2', '#edc948', '#9c755f', '#ff9da7'];

const escaped = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A lane for each attempt: the first that is free at its start, as slots are lent. */
const lanesOf = (attempts: readonly ForecastAttempt[]): { readonly lanes: readonly number[]; readonly count: number } => {
  const freeAt: number[] = [];
  const lanes = attempts.map(({ startedAt, endedAt }) => {
    const free = freeAt.findIndex((at) => at <= startedAt);
    const lane = free === -1 ? freeAt.length : free;
    freeAt[lane] = Math.max(endedAt, startedAt);
    return lane;
  });
  return { lanes, count: Math.max(1, freeAt.length) };
};

const STEPS_MS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400].map((seconds) => seconds * 1000);
const DAY_MS = 86_400_000;

/** A round step that gives about as many ticks as wanted. */
const tickStep = (span: number): number =>
  STEPS_MS.find((step) => span / step <= TICKS) ?? Math.ceil(span / TICKS / DAY_MS) * DAY_MS;

class Drawing {
  readonly #parts: string[] = [];
  readonly #colours = new Map<string, string>();
  readonly #span: number;
  #y = 10;

  constructor(span: number) {
    this.#span = Math.max(1, span);
  }

  #x(ms: number): number {
    return Math.round((LEFT + (ms / this.#span) * (WIDTH - LEFT - RIGHT)) * 100) / 100;
  }

  #colourOf(spec: string): string {
    const known = this.#colours.get(spec) ?? COLOURS[this.#colours.size % COLOURS.length] ?? '';
    this.#colours.set(spec, known);
    return known;
  }

  panel({ title, pools, attempts }: GanttPanel): void {
    const top = this.#y;
    this.#parts.push(`<text x="10" y="${top + 14}" class="title">${escaped(title)}</text>`);
    this.#y = top + HEAD;
    for (const pool of pools) this.#pool(pool, attempts.filter((attempt) => attempt.pool === pool));
    this.#axis(top + HEAD - 8, this.#y);
    this.#y += 24;
  }

  #pool(pool: PoolName, attempts: readonly ForecastAttempt[]): void {
    const { lanes, count } = lanesOf(attempts);
    const top = this.#y;
    const height = count * LANE;
    this.#parts.push(`<rect x="${LEFT}" y="${top}" width="${WIDTH - LEFT - RIGHT}" height="${height}" class="pool"/>`);
    this.#parts.push(`<text x="10" y="${top + 12}">${escaped(pool)}</text>`);
    for (const [i, attempt] of attempts.entries()) this.#bar(attempt, top + (lanes[i] ?? 0) * LANE + 1);
    this.#y = top + height + POOL_GAP;
  }

  #bar({ key, attempt, startedAt, endedAt, end }: ForecastAttempt, y: number): void {
    const [x, right] = [this.#x(startedAt), this.#x(endedAt)];
    const width = Math.max(0.5, Math.round((right - x) * 100) / 100);
    const spec = key.slice(0, key.indexOf('/'));
    const colour = end === 'done' ? this.#colourOf(spec) : '#c0392b';
    const times = `${formatDuration(startedAt)} to ${formatDuration(endedAt)}, ${formatDuration(endedAt - startedAt)}`;
    const name = `${key}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
    this.#parts.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${BAR}" rx="2" fill="${colour}">` +
        `<title>${escaped(`${name}: ${times}${end === 'done' ? '' : ', failed'}`)}</title></rect>`,
    );
    const id = key.slice(key.indexOf('/') + 1);
    if (id.length * LETTER + 6 < width) this.#parts.push(`<text x="${x + 3}" y="${y + 10}" class="name">${escaped(id)}</text>`);
  }

  #axis(top: number, bottom: number): void {
    const step = tickStep(this.#span);
    for (let at = 0; at <= this.#span; at += step) {
      const x = this.#x(at);
      this.#parts.push(`<line x1="${x}" y1="${top}" x2="${x}" y2="${bottom}"/>`);
      this.#parts.push(`<text x="${x}" y="${top - 3}" class="tick">${at === 0 ? '0' : formatDuration(at)}</text>`);
    }
  }

  toString(): string {
    const style =
      'text{font:11px sans-serif;fill:#333}.title{font-weight:bold;font-size:13px}.name{fill:#fff;font-size:10px;pointer-events:none}' +
      '.tick{text-anchor:middle;font-size:10px;fill:#666}.pool{fill:#f4f4f4}line{stroke:#ccc;stroke-width:.5}';
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${this.#y}" viewBox="0 0 ${WIDTH} ${this.#y}">`,
      `<style>${style}</style><rect width="100%" height="100%" fill="#fff"/>`,
      ...this.#parts,
      '</svg>\n',
    ].join('\n');
  }
}

/** Charts below each other, all on the same scale of time, as a picture (SVG 1.1) that any browser shows. */
export const ganttSvg = (panels: readonly GanttPanel[]): string => {
  const span = panels.flatMap(({ attempts }) => attempts).reduce((latest, { endedAt }) => Math.max(latest, endedAt), 0);
  const drawing = new Drawing(span);
  for (const panel of panels) drawing.panel(panel);
  return drawing.toString();
};
