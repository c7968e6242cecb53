import { pathToFileURL } from 'node:url';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { SchedulingSettings } from '../domain/settings.ts';

/** What a module must have as default export; the same as the SchedulingPolicy that it is documented by. */
interface PolicyShape {
  readonly name: string;
  compare(a: unknown, b: unknown): number;
  choosePool?(task: unknown, pools: unknown): string | undefined;
}

const MEND = 'export default { name: "…", compare: (a, b) => b.priority - a.priority }';

const hasShape = (value: object): value is PolicyShape => {
  const { name, compare, choosePool } = value as { readonly name?: unknown; readonly compare?: unknown; readonly choosePool?: unknown };
  const mayChoose = choosePool === undefined || typeof choosePool === 'function';
  return typeof name === 'string' && typeof compare === 'function' && mayChoose;
};

const oneLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/**
 * Loads the user's own scheduling policy, if the settings name one.
 *
 * @returns `null` when they name none; `invalid`, in one line, when the module cannot be loaded or is none
 */
export const loadSchedulingPolicy = async (
  { policyModule }: Pick<SchedulingSettings, 'policyModule'>,
): Promise<Result<PolicyShape | null, PortError>> => {
  if (policyModule === null) return ok(null);
  const invalid = (what: string) => err(portError('invalid', `scheduling_policy ${policyModule}: ${what}`));
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(policyModule).href)) as { readonly default?: unknown };
  } catch (error) {
    return invalid(`cannot be loaded (${oneLine(error)}); mend the module`);
  }
  const policy = module.default;
  if (policy === undefined) return invalid(`has no default export; write: ${MEND}`);
  if (typeof policy !== 'object' || policy === null || !hasShape(policy)) {
    return invalid(`its default export is no policy: expected an object with name (text), compare and perhaps choosePool (functions); write: ${MEND}`);
  }
  return ok(policy);
};
