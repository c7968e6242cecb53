import { join } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import { parseTaskKey, runnerId, slotId, type RegistryId, type RunnerId, type SlotId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Reply } from '../../ports/reply.ts';
import type { RepoPool, Slot, SlotRequest } from '../../ports/repo-pool.ts';
import { ownAgain } from '../own-again.ts';
import { SlotLedger, type Preference } from '../slot-ledger.ts';
import type { Lending, Lendings } from './lending.ts';
import type { Occupant, Occupants } from './occupants.ts';
import type { AttemptName } from './ref-names.ts';
import type { Place, Workspaces } from './workspaces.ts';

export interface GitPoolOptions {
  /** Absolute, without links; there. */
  readonly baseDir: string;
  readonly slots: number;
  readonly registry: RegistryId;
  readonly workspaces: Workspaces;
  readonly lendings: Lendings;
  readonly occupants: Occupants;
  /** As each slot was left, as far as it is known. */
  readonly left: ReadonlyMap<string, Lending>;
  /** Slots that are there beyond `slots`: fewer are configured now. */
  readonly surplus: readonly SlotId[];
  /** Wall time, ms since the epoch. */
  readonly now: () => number;
  readonly tell: (message: string) => void;
}

/** Lower ranks are lent first. */
const RANK = { lastLentToThisAttempt: 0, usual: 1, madeOtherwise: 2, faulty: 3 } as const;

/** Lends git workspaces, whatever they are made of: who has which, whose work is in it, and that nobody is in it. */
class GitPool implements RepoPool {
  readonly #options: GitPoolOptions;
  readonly #ledger: SlotLedger;
  readonly #lent: Map<string, Lending>;
  /** Taken back in this life and not lent since: nothing of anybody is in there. */
  readonly #clean = new Set<SlotId>();
  /** Out of use, and why. */
  readonly #faults = new Map<SlotId, string>();
  readonly #returning = new Map<SlotId, Promise<Result<null, PortError>>>();
  #surplus: readonly SlotId[];

  constructor(options: GitPoolOptions) {
    this.#options = options;
    this.#ledger = new SlotLedger(options.slots);
    this.#lent = new Map(options.left);
    this.#surplus = options.surplus;
  }

  get size(): number {
    return this.#ledger.size;
  }

  obtain(request: SlotRequest, reply: Reply<Slot>): void {
    this.#retireSurplus();
    const name = attemptName(request);
    // Held at once: preparing takes time, and nobody else may get it meanwhile.
    const taken = this.#ledger.take(request.runnerId, this.#preference(request, name, new Set()));
    if (!taken.ok) return void setImmediate(() => reply(taken));
    void this.#lend(request, name, taken.value).then(reply);
  }

  #preference({ isolated = false }: SlotRequest, name: AttemptName, tried: ReadonlySet<SlotId>): Preference {
    return (id) => {
      if (tried.has(id)) return null;
      if (this.#faults.has(id)) return RANK.faulty;
      const last = this.#lent.get(id);
      const sameAttempt = last?.spec === name.spec && last.id === name.id && last.attempt === name.attempt;
      if (sameAttempt) return RANK.lastLentToThisAttempt;
      return (last?.isolated ?? false) === isolated ? RANK.usual : RANK.madeOtherwise;
    };
  }

  /** Takes the next slot, too, when this one cannot be used. */
  async #lend(request: SlotRequest, name: AttemptName, first: SlotId): Promise<Result<Slot, PortError>> {
    const { runnerId: runner, isolated = false } = request;
    const tried = new Set<SlotId>();
    let failure: PortError | null = null;
    for (let id = first; ; ) {
      const usable = await this.#makeClean(id);
      if (usable.ok) return this.#prepare(id, runner, name, isolated);
      if (usable.error.kind !== 'unavailable') failure ??= portError('permanent', usable.error.message);
      tried.add(id);
      this.#ledger.drop(id, runner);
      const next = this.#ledger.take(runner, this.#preference(request, name, tried));
      if (!next.ok) return err(failure ?? usable.error);
      id = next.value;
    }
  }

  /** Nobody is in the slot, and nothing that is not saved. */
  async #makeClean(id: SlotId): Promise<Result<null, PortError>> {
    const known = this.#clean.has(id);
    const occupant = await this.#occupantOf(id, !known);
    if (occupant !== null) return err(portError('unavailable', occupant));
    if (known) return ok(null);
    const { lendings } = this.#options;
    return this.#takeBack(id, this.#lent.get(id) ?? (await lendings.read(id)));
  }

  async #occupantOf(id: SlotId, deep: boolean): Promise<string | null> {
    const found = (await this.#options.occupants.look(deep)).get(id);
    return found === undefined ? null : occupied(this.#place(id), found);
  }

  async #takeBack(id: SlotId, lending: Lending | null): Promise<Result<null, PortError>> {
    this.#clean.delete(id);
    const { workspaces, tell } = this.#options;
    const taken = await guarded(`slot ${id}`, async () => {
      await ownAgain(this.#place(id).path);
      const saved = await workspaces.takeBack(this.#place(id), lending);
      if (saved.ok && lending !== null) await this.#note(id, { ...lending, ready: false, returned: true });
      return saved;
    });
    if (taken.ok) {
      this.#clean.add(id);
      this.#faults.delete(id);
      return taken;
    }
    const { message } = taken.error;
    if (this.#faults.get(id) !== message) tell(`${id} is out of use, with everything in it: ${message}`);
    this.#faults.set(id, message);
    return taken;
  }

  async #prepare(id: SlotId, runner: RunnerId, name: AttemptName, isolated: boolean): Promise<Result<Slot, PortError>> {
    const { workspaces, registry, now } = this.#options;
    const place = this.#place(id);
    const prepared = await guarded(`slot ${id}`, async () => {
      this.#clean.delete(id);
      const { spec, id: task, attempt } = name;
      const draft = { registry, spec, id: task, attempt, runner, at: now(), ready: false, branch: null, base: null, returned: false, isolated };
      // Before the branch is there, and again before anybody works on it: whose work it is must be known after a crash.
      await this.#note(id, draft);
      const out = await workspaces.checkOut(place, name, isolated);
      if (out.ok) await this.#note(id, { ...draft, ...out.value, ready: true });
      return out;
    });
    if (prepared.ok) return ok({ ...place, branch: prepared.value.branch });
    if (this.#ledger.isHeldBy(id, runner)) this.#ledger.drop(id, runner);
    return prepared;
  }

  async #note(id: SlotId, lending: Lending): Promise<void> {
    await this.#options.lendings.write(id, lending);
    this.#lent.set(id, lending);
  }

  reclaim(id: SlotId, holder: RunnerId, reply: Reply<Slot>): void {
    const reclaimed = this.#ledger.reclaim(id, holder, this.#options.baseDir);
    const branch = this.#lent.get(id)?.branch ?? null;
    setImmediate(() => reply(reclaimed.ok ? ok({ ...this.#place(id), branch }) : reclaimed));
  }

  tidy(reply: Reply<null>): void {
    const held = this.#ledger.held();
    const left = slotsIn([...this.#lent.keys()]).filter((id) => this.#isUnreturned(id) && !held.has(id));
    void Promise.all(left.map((id) => this.#tidyOne(id))).then(() => reply(ok(null)));
  }

  #isUnreturned(id: SlotId): boolean {
    return this.#lent.get(id)?.returned === false && !this.#surplus.includes(id);
  }

  async #tidyOne(id: SlotId): Promise<void> {
    // Nobody may be lent it meanwhile.
    const holder = runnerId(`tidying ${id}`);
    this.#ledger.reclaim(id, holder, this.#options.baseDir);
    const tidied = await this.#makeClean(id);
    if (!tidied.ok && tidied.error.kind === 'unavailable') this.#options.tell(`${id} is left as it is: ${tidied.error.message}`);
    this.#ledger.drop(id, holder);
  }

  release(id: SlotId, holder: RunnerId, reply: Reply<null>): void {
    const returning = this.#returning.get(id);
    if (!this.#ledger.isHeldBy(id, holder)) return void setImmediate(() => reply(ok(null)));
    const done = returning ?? this.#giveBack(id, holder);
    if (returning === undefined) this.#returning.set(id, done);
    void done.then(reply);
  }

  async #giveBack(id: SlotId, holder: RunnerId): Promise<Result<null, PortError>> {
    const occupant = await this.#occupantOf(id, false);
    // Saved and emptied when it is next lent, once nobody is there.
    if (occupant !== null) this.#options.tell(`${id} is left as it is: ${occupant}`);
    const taken = occupant === null ? await this.#takeBack(id, this.#lent.get(id) ?? null) : ok(null);
    this.#returning.delete(id);
    this.#ledger.drop(id, holder);
    return taken;
  }

  held(): ReadonlyMap<SlotId, RunnerId> {
    return this.#ledger.held();
  }

  /** Only now, when recovery is over and it is known who holds what. */
  #retireSurplus(): void {
    const surplus = this.#surplus;
    this.#surplus = [];
    const held = this.#ledger.held();
    void surplus.filter((id) => !held.has(id)).reduce((before, id) => before.then(() => this.#retire(id)), Promise.resolve());
  }

  async #retire(id: SlotId): Promise<void> {
    const { workspaces, tell } = this.#options;
    const occupant = await this.#occupantOf(id, true);
    const lending = this.#lent.get(id) ?? null;
    const discard = async (): Promise<Result<boolean, PortError>> => {
      await ownAgain(this.#place(id).path);
      return workspaces.discard(this.#place(id), lending);
    };
    const gone = occupant === null ? await guarded(`slot ${id}`, discard) : ok(false);
    if (gone.ok && gone.value) return;
    const why = gone.ok ? (occupant ?? 'it holds work that is on no branch') : gone.error.message;
    tell(`${id} is more than repo_pool.slots allows and is left where it is, ${this.#place(id).path}: ${why}`);
  }

  #place(id: SlotId): Place {
    return { id, path: join(this.#options.baseDir, id) };
  }
}

const attemptName = ({ task, attempt }: SlotRequest): AttemptName => {
  const key = parseTaskKey(task);
  return key === null ? { spec: '', id: task, attempt } : { spec: key.spec, id: key.id, attempt };
};

const occupied = ({ path }: Place, { pid, name }: Occupant): string =>
  `process ${pid} (${name}) is in ${path}; end it, or let it leave that folder`;

/** What a file system throws, as an error of the port. */
const guarded = async <T>(what: string, work: () => Promise<Result<T, PortError>>): Promise<Result<T, PortError>> => {
  try {
    return await work();
  } catch (error) {
    return err(portError('transient', `${what}: ${error instanceof Error ? error.message : String(error)}`));
  }
};

export const createGitPool = (options: GitPoolOptions): RepoPool => new GitPool(options);

/** `slot-3` among names of files. */
export const slotsIn = (names: readonly string[]): readonly SlotId[] =>
  names.filter((name) => /^slot-[1-9]\d{0,8}$/.test(name)).map(slotId);
