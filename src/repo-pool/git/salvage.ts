import type { PortError } from '../../domain/failures.ts';
import { portError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { gitError, lineOf, type GitPlace } from './git-command.ts';
import type { Lending } from './lending.ts';
import type { Lens } from './lens.ts';
import { salvageRef } from './ref-names.ts';
import { SALVAGE_TRAILERS } from './salvage-trailers.ts';

/** More of one attempt than anybody will ever look through. */
const MOST_SIBLINGS = 1000;
/** "Must not exist", to update-ref. */
const NO_OBJECT = '0'.repeat(40);

const placeOf = ({ gitDir }: Lens): GitPlace => ({ cwd: gitDir, gitDir });

const messageOf = (slot: string, lending: Lending): string => {
  const { spec, id, attempt, registry, branch } = lending;
  const trailers = {
    [SALVAGE_TRAILERS.spec]: spec,
    [SALVAGE_TRAILERS.id]: id,
    [SALVAGE_TRAILERS.attempt]: String(attempt),
    [SALVAGE_TRAILERS.slot]: slot,
    [SALVAGE_TRAILERS.branch]: branch ?? '',
    [SALVAGE_TRAILERS.registry]: registry,
  };
  const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}`);
  return `salvage: ${spec}/${id}, attempt ${attempt}\n\nWhat ${slot} held when it was taken back.\n\n${lines.join('\n')}\n`;
};

/** Work to keep: a tree and the commits it stands on, the first one being what it was made from. */
export interface Work {
  readonly slot: string;
  readonly lending: Lending;
  readonly tree: string;
  readonly parents: readonly string[];
}

const commitOf = async (lens: Lens, { slot, lending, tree, parents }: Work): Promise<Result<string, PortError>> => {
  // The attempt's time and not the present one: the same work saved again after a crash is the same commit.
  const date = `@${Math.floor(lending.at / 1000)} +0000`;
  const args = ['commit-tree', tree, ...[...new Set(parents)].flatMap((parent) => ['-p', parent]), '-F', '-'];
  const commit = await lens.git.run(args, placeOf(lens), messageOf(slot, lending), date);
  return commit.ok ? ok(lineOf(commit)) : err(gitError('cannot commit what the slot held', commit));
};

/**
 * Commits work under `refs/salvage/…`, beside earlier work of the same attempt, never over it. No hook
 * runs, and no branch moves.
 *
 * @returns the reference
 */
export const keepWork = async (lens: Lens, work: Work): Promise<Result<string, PortError>> => {
  const commit = await commitOf(lens, work);
  if (!commit.ok) return commit;
  const plain = salvageRef(work.lending);
  for (let sibling = 1; sibling <= MOST_SIBLINGS; sibling += 1) {
    const ref = sibling === 1 ? plain : `${plain}-${sibling}`;
    const present = await lens.git.run(['rev-parse', '--verify', '--quiet', ref], placeOf(lens));
    if (present.ok && lineOf(present) === commit.value) return ok(ref);
    if (present.ok) continue;
    const created = await lens.git.run(['update-ref', ref, commit.value, NO_OBJECT.padEnd(commit.value.length, '0')], placeOf(lens));
    if (created.ok) return ok(ref);
    // Somebody else may have made it just now: the next one, then; else git says why it cannot.
    const raced = await lens.git.run(['rev-parse', '--verify', '--quiet', ref], placeOf(lens));
    if (!raced.ok) return err(gitError(`cannot write ${ref}`, created));
  }
  return err(portError('transient', `${plain} has ${MOST_SIBLINGS} siblings already; delete some (git update-ref -d)`));
};
