import { dirname } from 'node:path';
import type { Confinement } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import { bubblewrapPath, inSandbox } from './bubblewrap.ts';
import { findsProgram } from './program-check.ts';
import type { RunnerGroups, RunnerLimits } from './runner-groups.ts';
import { giveSlot } from './slot-owner.ts';
import { notFound } from './start-failure.ts';
import { termsText } from './terms.ts';

/** What the fork-server is told in place of what the intent says. */
export interface ConfinedStart {
  readonly terms: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ConfinedSurroundings {
  readonly groups: RunnerGroups;
  /** Whether groups can limit memory; else each process is limited by itself. */
  readonly groupsLimitMemory: boolean;
  /** Files and folders that no sandbox shows. */
  readonly secrets: readonly string[];
}

const MB = 2 ** 20;

const limitsOf = ({ limits }: Confinement, { resources }: LaunchIntent): RunnerLimits => {
  const of = (amount: number): number | null => (limits === null || amount <= 0 ? null : amount);
  return { cpu: of(resources.cpu), memory: of(resources.memory) };
};

type Confined = Pick<ConfinedStart, 'command' | 'env'>;

const sandboxed = (intent: LaunchIntent, { sandbox }: Confinement, secrets: readonly string[]): Result<Confined, PortError> => {
  if (sandbox === null) return ok({ command: intent.command, env: intent.env });
  const program = bubblewrapPath();
  if (program === null) return err(portError('permanent', 'bwrap is not installed any more; install the package bubblewrap'));
  if (!findsProgram(intent)) return err(portError('permanent', notFound(intent)));
  const { cwd, runDir, command, env } = intent;
  // Beside the slot lie those of others.
  return ok(inSandbox(program, { sandbox, secrets: [dirname(cwd), ...secrets], own: [cwd, runDir], cwd, command, env }));
};

/** Makes ready what a confined runner needs before it can be started: its slot, its control group, its sandbox. */
export const confinedStart = async (
  intent: LaunchIntent,
  confinement: Confinement,
  { groups, groupsLimitMemory, secrets }: ConfinedSurroundings,
): Promise<Result<ConfinedStart, PortError>> => {
  const { user } = confinement;
  if (user !== null && process.getuid?.() !== 0) {
    return err(portError('permanent', `only root can start a runner as ${user.name}`));
  }
  try {
    const confined = sandboxed(intent, confinement, secrets);
    if (!confined.ok) return confined;
    const limits = limitsOf(confinement, intent);
    const folders = groups.make(intent.runnerId, limits);
    const dataBytes = limits.memory === null || groupsLimitMemory ? null : Math.round(limits.memory * MB);
    if (user !== null) await giveSlot(intent.cwd, user);
    return ok({ ...confined.value, terms: termsText({ confinement, groups: folders, dataBytes }) });
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return err(portError('transient', `cannot prepare the start of ${intent.task}: ${why}`));
  }
};
