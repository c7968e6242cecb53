import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor, setup } from 'xstate';
import { portActor, type Answer } from '../../../src/runtime/port-actor.ts';

type Message = { readonly type: 'told' | 'leave' };

/** A machine that asks once, and moves on when it is answered or told to leave. */
const asking = (call: (input: { readonly n: number }, answer: Answer<Message>) => (() => void) | void) => {
  const posted: (() => void)[] = [];
  const inbox = { post: (deliver: () => void): void => void posted.push(deliver) };
  const machine = setup({
    actors: { port: portActor<{ readonly n: number }, Message>(inbox, call) },
  }).createMachine({
    initial: 'asking',
    states: {
      asking: { invoke: { src: 'port', input: { n: 7 } }, on: { told: 'answered', leave: 'left' } },
      answered: {},
      left: { on: { told: 'answered' } },
    },
  });
  const actor = createActor(machine);
  return { actor, posted };
};

describe('a port call as an actor', () => {
  it('is made with its input when the state is entered, and its answer waits in the inbox', () => {
    const inputs: number[] = [];
    const { actor, posted } = asking(({ n }, answer) => {
      inputs.push(n);
      answer({ type: 'told' });
    });
    actor.start();
    assert.deepEqual([inputs, actor.getSnapshot().value], [[7], 'asking']);
    for (const deliver of posted) deliver();
    assert.equal(actor.getSnapshot().value, 'answered');
  });

  it('is undone when the state is left, and a late answer reaches nobody', () => {
    const answers: Answer<Message>[] = [];
    let undone = 0;
    const { actor, posted } = asking((_, answer) => {
      answers.push(answer);
      return () => {
        undone += 1;
      };
    });
    actor.start();
    for (const answer of answers) answer({ type: 'told' });
    actor.send({ type: 'leave' });
    assert.equal(undone, 1);
    for (const answer of answers) answer({ type: 'told' });
    for (const deliver of posted) deliver();
    assert.equal(actor.getSnapshot().value, 'left');
  });
});
