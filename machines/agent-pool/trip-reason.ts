import type { PoolContext } from './context.ts';

/** Why a pool is taken out: its launches kept failing, or its engine is not well. */
export const tripReason = ({ sicknesses, launchFailures, lastFailure }: PoolContext, event: { readonly type: string }): string =>
  event.type === 'engine.unhealthy'
    ? `the engine failed ${sicknesses} health ${sicknesses === 1 ? 'check' : 'checks'} in a row: ${lastFailure}`
    : `${launchFailures} launches in a row failed: ${lastFailure}`;
