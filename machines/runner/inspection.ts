import { runDirOf, type RunnerContext, type RunnerPortInputs } from './context.ts';
import { known } from './setup.ts';

/** Asks the engine what there is of this runner. */
export const inspection = ({ adopting }: { readonly adopting: boolean }) =>
  ({
    src: 'inspect',
    input: ({ context }: { readonly context: RunnerContext }): RunnerPortInputs['inspect'] => ({
      runnerId: context.runnerId,
      pool: context.terms.pool,
      runDir: runDirOf(context),
      claim: known(context.claim, 'claim'),
      slot: context.slot,
      adopting,
    }),
  }) as const;
