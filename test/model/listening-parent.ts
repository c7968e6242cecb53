import { createActor, fromCallback, type AnyActorRef, type AnyEventObject, type InspectionEvent } from 'xstate';
import type { Clock } from '../../src/ports/clock.ts';
import type { Notice, Telemetry } from '../../src/ports/telemetry.ts';

export interface ListeningParent {
  readonly ref: AnyActorRef;
  /** All that was said to it, in order. */
  readonly heard: readonly AnyEventObject[];
  /** Types of what was said to it, in order. */
  readonly types: () => readonly string[];
}

/** The root of a small actor system, which listens to whatever its child tells its parent. */
export const listeningParent = (clock: Clock, inspect: (event: InspectionEvent) => void): ListeningParent => {
  const heard: AnyEventObject[] = [];
  const logic = fromCallback<AnyEventObject>(({ receive }) => receive((event) => void heard.push(event)));
  const ref = createActor(logic, { id: 'parent', clock, inspect });
  ref.start();
  return { ref, heard, types: () => heard.map(({ type }) => type) };
};

/** Telemetry that remembers. */
export const rememberingTelemetry = (): Telemetry & { readonly told: Notice[] } => {
  const told: Notice[] = [];
  return { told, tell: (notice) => void told.push(notice) };
};
