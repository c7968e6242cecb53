import type { RunnerId, SpecName } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';

/** What one set has had, and has now. */
interface Account {
  weight: number;
  /** Share × ms, decayed, in units of {@link FairShare.#unit}. */
  usage: number;
  /** Sum of the dominant shares of what runs. */
  running: number;
  runners: number;
  /** Monotonic ms up to which `usage` counts what runs. */
  countedTo: number;
  /** As it was told last: the order of a heap must not change behind its back. */
  rank: number;
}

/**
 * What a start costs at once, as if the task had run so long already, ms: decisions of one moment know of
 * each other by it. Given back at the end, when the time it really took has been charged.
 */
const ENTRY_CHARGE_MS = 10_000;
/** How often sets that run something are charged for it between starts and ends, ms. */
const REFRESH_MS = 1000;
/** Units grow with time instead of usages shrinking; after so many half-lives they are counted anew. */
const LONGEST_UNIT = 30;
/** Shorter ones would be over between two charges. */
const SHORTEST_HALF_LIFE_MS = 1000;
const FEW_ACCOUNTS = 1000;

/**
 * Weighted fair shares between sets: dominant share × time, decayed with a half-life, divided by the set's
 * weight; the set with the least goes next.
 *
 * All usages decay by the same factor, so that their order does not depend on when one looks: new usage is
 * written in units that grow (2^(t / half-life)), and nothing has to shrink. A set that comes back from
 * having nothing to do starts no lower than where the last start was made (start-time fair queueing): having
 * been away, or being new, is no credit to burst with.
 *
 * What was used is forgotten when the process ends: the next one begins with what runs.
 *
 * @see Ghodsi et al., "Dominant Resource Fairness", NSDI 2011
 * @see Goyal et al., "Start-time Fair Queuing", SIGCOMM 1996
 * @see https://slurm.schedmd.com/fair_tree.html (usage with a half-life)
 */
export class FairShare {
  readonly #halfLifeMs: number;
  readonly #accounts = new Map<SpecName, Account>();
  readonly #byRunner = new Map<RunnerId, { readonly spec: SpecName; readonly share: number }>();
  /** Specs that run something. */
  readonly #busy = new Set<SpecName>();
  /** Weighted usage at the last start, in units. */
  #virtual = 0;
  #unitSince = 0;
  #now = 0;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #manyAccounts = FEW_ACCOUNTS;

  /** @param halfLifeMs time after which usage counts half; at least a second */
  constructor(halfLifeMs: number) {
    this.#halfLifeMs = Math.max(SHORTEST_HALF_LIFE_MS, halfLifeMs);
  }

  /** Sets that are remembered. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Weighted usage with what the runs of now have been charged at their start; lower goes next. */
  rankOf(spec: SpecName): number {
    return this.#accounts.get(spec)?.rank ?? 0;
  }

  /** Something of the set waits: where it stands. `wasIdle`: nothing of it waited before. */
  enter({ spec, specWeight: weight }: ReadyTask, wasIdle: boolean): number {
    const known = this.#accounts.get(spec);
    const account = known ?? { weight, usage: 0, running: 0, runners: 0, countedTo: this.#now, rank: 0 };
    if (known === undefined) this.#accounts.set(spec, account);
    account.weight = weight;
    if (wasIdle && account.runners === 0) account.usage = Math.max(account.usage, this.#virtual * weight);
    return this.#rank(account);
  }

  /** A task of the set is started: returns where the set stands now. */
  start(runner: RunnerId, task: ReadyTask, share: number): number {
    const account = this.#accountOf(task);
    this.#charge(account);
    this.#virtual = Math.max(this.#virtual, account.usage / account.weight);
    account.running += share;
    account.runners += 1;
    this.#busy.add(task.spec);
    this.#byRunner.set(runner, { spec: task.spec, share });
    return this.#rank(account);
  }

  /** Its end; returns the set whose standing has changed. */
  end(runner: RunnerId): SpecName | null {
    const run = this.#byRunner.get(runner);
    if (run === undefined) return null;
    this.#byRunner.delete(runner);
    const account = this.#accounts.get(run.spec);
    if (account === undefined) return null;
    this.#charge(account);
    account.runners -= 1;
    // Sums of fractions come back to exactly nothing.
    account.running = account.runners === 0 ? 0 : account.running - run.share;
    if (account.runners === 0) this.#busy.delete(run.spec);
    this.#rank(account);
    return run.spec;
  }

  /**
   * Lets time pass.
   *
   * @param now monotonic ms
   * @param isWaiting whether anything of a set waits
   * @returns the sets that stand elsewhere now
   */
  advance(now: number, isWaiting: (spec: SpecName) => boolean): Iterable<SpecName> {
    this.#now = Math.max(this.#now, now);
    if (this.#now - this.#refreshedAt < REFRESH_MS) return [];
    this.#refreshedAt = this.#now;
    const isLong = this.#now - this.#unitSince > LONGEST_UNIT * this.#halfLifeMs;
    if (isLong) this.#newUnit();
    if (this.#accounts.size > this.#manyAccounts) this.#forget(isWaiting);
    const changed = [...(isLong ? this.#accounts.keys() : this.#busy)];
    for (const spec of changed) {
      const account = this.#accounts.get(spec);
      if (account === undefined) continue;
      this.#charge(account);
      this.#rank(account);
    }
    return changed;
  }

  #accountOf(task: ReadyTask): Account {
    if (!this.#accounts.has(task.spec)) this.enter(task, true);
    return this.#accounts.get(task.spec) ?? { weight: 1, usage: 0, running: 0, runners: 0, countedTo: 0, rank: 0 };
  }

  /** How many units one share × ms is worth at this time. */
  #unit(at: number): number {
    return 2 ** ((at - this.#unitSince) / this.#halfLifeMs);
  }

  #rank(account: Account): number {
    const entry = account.running * ENTRY_CHARGE_MS * this.#unit(this.#now);
    account.rank = (account.usage + entry) / account.weight;
    return account.rank;
  }

  /** Charges what runs: the integral of share × 2^(t / half-life) since it was charged last. */
  #charge(account: Account): void {
    const { countedTo, running } = account;
    account.countedTo = this.#now;
    if (running === 0 || countedTo >= this.#now) return;
    const perMs = Math.LN2 / this.#halfLifeMs;
    account.usage += (running * this.#unit(countedTo) * Math.expm1((this.#now - countedTo) * perMs)) / perMs;
  }

  /** However long ago the last one was: nothing grows beyond what a number holds. */
  #newUnit(): void {
    const perMs = Math.LN2 / this.#halfLifeMs;
    const shrink = 1 / this.#unit(this.#now);
    for (const account of this.#accounts.values()) {
      const recent = (account.running * -Math.expm1((account.countedTo - this.#now) * perMs)) / perMs;
      account.usage = account.usage * shrink + recent;
      account.countedTo = this.#now;
    }
    this.#virtual *= shrink;
    this.#unitSince = this.#now;
  }

  /** Drops what would make no difference: a set that has nothing to do and would start where all do. */
  #forget(isWaiting: (spec: SpecName) => boolean): void {
    for (const [spec, { runners, usage, weight }] of this.#accounts) {
      if (runners === 0 && !isWaiting(spec) && usage <= this.#virtual * weight) this.#accounts.delete(spec);
    }
    this.#manyAccounts = 2 * this.#accounts.size + FEW_ACCOUNTS;
  }
}
