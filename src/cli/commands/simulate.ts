import { execFileSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { simulatedRegistry } from '../../app/simulated-registries.ts';
import { readTextFile } from '../../config/text-file.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { RunsCoverage } from '../../simulation/runs-coverage.ts';
import { drawPlan, type Preset } from '../../simulation/draw-plan.ts';
import { simulationPlanSchema, type SimulationPlan } from '../../simulation/plan.ts';
import { simulate as simulatePlan, type SimulationReport } from '../../simulation/simulate.ts';
import type { WhatIfOptions } from './what-if.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';

export interface SimulateOptions {
  readonly seed?: number;
  readonly runs: number;
  readonly preset: Preset;
  readonly plan?: string;
  readonly showPlan?: boolean;
  /** Count which states and transitions were reached, and fail for what was not. */
  readonly coverage?: boolean;
}

const WHAT_IF_ONLY = ['durations', 'policy', 'pool', 'samples', 'svg'] as const;

/** Bytes; the largest plan that is drawn takes a hundredth of it. */
const MAX_PLAN_BYTES = 4 * 2 ** 20;
/** After so many runs with a violation the rest would not tell more. */
const ENOUGH = 5;
const TELL_EVERY_MS = 10_000;

const readPlan = (file: string): Result<SimulationPlan, string> => {
  const text = readTextFile(file, MAX_PLAN_BYTES, 'JSON');
  if (!text.ok) return err(`${file}: ${text.error.message}`);
  let written: unknown;
  try {
    written = JSON.parse(text.value);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`${file}: expected a simulation plan in JSON (${why}); "simulate --seed 1 --show-plan" writes one`);
  }
  const parsed = simulationPlanSchema.safeParse(written);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  return err(`${file}: no simulation plan${where}: ${issue?.message ?? 'unknown'}; "simulate --seed 1 --show-plan" writes one`);
};

const versionOfThis = (): string => {
  try {
    const root = new URL('../../..', import.meta.url);
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown (no git clone)';
  }
};

const tell = ({ violation }: SimulationReport, replay: string): void => {
  if (violation === null) return;
  print(`violation of "${violation.invariant}": ${violation.message}`);
  for (const line of violation.recent) print(`    ${line}`);
  print(`commit ${versionOfThis()}; replay: ${replay}`);
};

const inHours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`;

interface Sum {
  runs: number;
  violations: number;
  messages: number;
  virtualMs: number;
  lives: number;
}

const summary = (sum: Sum, seconds: number): string => {
  const rate = Math.round(sum.messages / seconds);
  const speed = Math.round(sum.virtualMs / 1000 / seconds);
  return (
    `${sum.runs} runs, ${sum.violations} with a violation; ${sum.lives} lives of a dispatcher; ${sum.messages} messages, ` +
    `${rate} a second; ${inHours(sum.virtualMs)} of virtual time in ${seconds.toFixed(1)} s (${speed} × real time)`
  );
};

/** The runs of one command, until there are enough of them, or enough is known, or somebody says stop. */
class Runs {
  readonly #sum: Sum = { runs: 0, violations: 0, messages: 0, virtualMs: 0, lives: 0 };
  readonly #traces: string[] = [];
  readonly #begun = performance.now();
  #toldAt = performance.now();
  readonly coverage: RunsCoverage | null;
  stopped = false;

  constructor(coverage: boolean) {
    this.coverage = coverage ? new RunsCoverage() : null;
  }

  get failed(): boolean {
    return this.#sum.violations > 0 || (this.coverage?.missed.length ?? 0) > 0;
  }

  get isEnough(): boolean {
    return this.stopped || this.#sum.violations >= ENOUGH;
  }

  add(plan: SimulationPlan, replay: string): void {
    const watch = this.coverage === null ? {} : { inspect: this.coverage.inspect };
    const report = simulatePlan(plan, { openRegistry: simulatedRegistry, ...watch });
    tell(report, replay);
    const sum = this.#sum;
    sum.runs += 1;
    sum.violations += report.violation === null ? 0 : 1;
    sum.messages += report.messages;
    sum.virtualMs += report.virtualMs;
    sum.lives += report.lives;
    this.#traces.push(report.trace);
  }

  tellNowAndThen(): void {
    if (performance.now() - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = performance.now();
    this.tell();
  }

  tellCoverage(): void {
    if (this.coverage === null) return;
    for (const line of this.coverage.lines) print(line);
    for (const name of this.coverage.missed) print(`never reached: ${name}`);
  }

  tell(): void {
    print(summary(this.#sum, (performance.now() - this.#begun) / 1000));
  }

  /** Of one run its own; of several, of all of theirs. */
  get trace(): string {
    const [only] = this.#traces;
    if (only !== undefined && this.#traces.length === 1) return only;
    return createHash('sha256').update(this.#traces.join('\n')).digest('hex');
  }
}

/** `simulate`: the whole dispatcher in a world where time, luck and failure come from a seed. */
export const simulate = async (options: SimulateOptions & WhatIfOptions): Promise<number> => {
  const { seed = randomInt(2 ** 31), preset, plan: file, showPlan = false } = options;
  const stray = WHAT_IF_ONLY.find((name) => options[name] !== undefined);
  if (stray !== undefined) return complain(`--${stray} is for --taskset FILE, whose tasks it says something of; give that, or leave it out`);
  const given = file === undefined ? null : readPlan(file);
  if (given !== null && !given.ok) return complain(given.error);
  if (showPlan) {
    printJson(given?.value ?? drawPlan(seed, preset));
    return EXIT_OK;
  }
  const wanted = given !== null ? 1 : options.runs === 0 ? Number.POSITIVE_INFINITY : options.runs;
  const runs = new Runs(options.coverage ?? false);
  const stop = (): void => void (runs.stopped = true);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  for (let i = 0; i < wanted && !runs.isEnough; i += 1) {
    const replay = file === undefined ? `--seed ${seed + i} --preset ${preset}` : `--plan ${file}`;
    runs.add(given?.value ?? drawPlan(seed + i, preset), `dispatcher simulate ${replay}`);
    runs.tellNowAndThen();
    // Signals are heard between two runs.
    await new Promise(setImmediate);
  }
  print(file === undefined ? `seed ${seed}, preset ${preset}` : `plan ${file}`);
  runs.tell();
  runs.tellCoverage();
  print(`trace ${runs.trace}`);
  return runs.failed ? EXIT_UNFINISHED : EXIT_OK;
};
