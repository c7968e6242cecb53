import type { Incarnation, Surroundings } from './incarnation.ts';

const LONGEST_OUTAGE_MS = 60_000;
/** Skewed to the short ones, as all delays are: this makes one in three longer than a heartbeat's time-out. */
const LONGEST_FREEZE_MS = 240_000;
const LONGEST_JUMP_MS = 3_600_000;

/** A world as far as something may befall it. */
export interface Troubled extends Pick<Surroundings, 'clock' | 'luck' | 'faults' | 'engine'> {
  readonly incumbent: Incarnation | null;
  readonly setSinkDown: (down: boolean) => void;
  readonly clockJumped: () => void;
  readonly startRival: () => void;
}

/** What befalls a world as a whole; `about` is what its luck is drawn by. */
export const befall = (about: string, world: Troubled): void => {
  const { faults, clock, engine, luck } = world;
  if (faults.strikes('engineOutage', about)) {
    engine.answering = false;
    clock.setTimeout(() => (engine.answering = true), faults.delay(`${about}|outage`, LONGEST_OUTAGE_MS));
  }
  if (faults.strikes('eventSinkDown', about)) {
    world.setSinkDown(true);
    clock.setTimeout(() => world.setSinkDown(false), faults.delay(`${about}|sink`, LONGEST_OUTAGE_MS));
  }
  if (faults.strikes('clockJump', about)) {
    clock.wallOffset += Math.round((luck.draw(`${about}|jump`) - 0.5) * 2 * LONGEST_JUMP_MS);
    world.clockJumped();
  }
  if (faults.strikes('dispatcherFreezes', about)) world.incumbent?.freeze(1 + faults.delay(`${about}|freeze`, LONGEST_FREEZE_MS));
  if (faults.strikes('rival', about)) world.startRival();
};
