import { fromCallback, type CallbackActorLogic, type EventObject, type NonReducibleUnknown } from 'xstate';

/**
 * A place for a port call in a statechart: the runtime provides the real one. Callback actors, never
 * promise actors, for the order in which promises resolve depends on the number of awaits in them.
 */
export const portActor = <TInput extends NonReducibleUnknown>(
  name: string,
): CallbackActorLogic<EventObject, TInput> =>
  fromCallback<EventObject, TInput>(() => {
    throw new Error(`the port actor ${name} was not provided`);
  });
