import { portError, type PortError } from '../../domain/failures.ts';
import type { RunnerId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { TreeStopper } from './tree-stopper.ts';

/** @param isSettled whether no earlier fork-server may yet start something */
export const livingRunners = async (stopper: TreeStopper, isSettled: boolean): Promise<Result<readonly RunnerId[], PortError>> => {
  if (!isSettled) return err(portError('transient', 'local-process: an earlier fork-server still takes starts'));
  try {
    return ok([...(await stopper.marked())]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    return err(portError('transient', `local-process: the processes cannot be listed: ${reason}`));
  }
};
