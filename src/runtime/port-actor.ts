import { fromCallback, type AnyEventObject, type CallbackActorLogic, type NonReducibleUnknown } from 'xstate';
import type { Inbox } from '../ports/inbox.ts';

/** Sends a completion to the actor that asked; may be called from anywhere, at any time. */
export type Answer<TMessage> = (message: TMessage) => void;

/**
 * A port call as an actor. Every answer goes through the inbox; one that comes after the asking
 * state was left is dropped by XState, for the actor is stopped then.
 *
 * @param call starts the call; what it returns undoes it when the state is left
 */
export const portActor = <TInput extends NonReducibleUnknown, TMessage extends { readonly type: string }>(
  inbox: Inbox,
  call: (input: TInput, answer: Answer<TMessage>) => (() => void) | undefined | void,
): CallbackActorLogic<AnyEventObject, TInput> =>
  fromCallback<AnyEventObject, TInput>(({ input, sendBack }) => {
    let asked = true;
    const undo = call(input, (message) => {
      inbox.post(() => {
        if (asked) sendBack(message);
      });
    });
    return () => {
      asked = false;
      undo?.();
    };
  });
