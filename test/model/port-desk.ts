import assert from 'node:assert/strict';
import { fromCallback, type AnyEventObject, type CallbackActorLogic, type NonReducibleUnknown } from 'xstate';

/** A port call that was made and is answered when the test says so. */
export interface PortCall {
  readonly port: string;
  readonly input: unknown;
  /** False once the state that asked was left. */
  open: boolean;
  readonly answer: (message: AnyEventObject) => void;
}

/** Stands where the outside world would: takes every port call down, in order, and answers by hand. */
export class PortDesk {
  readonly calls: PortCall[] = [];
  /** Ports whose next calls throw, and how many of them: a bug in an adapter. */
  readonly broken = new Map<string, number>();
  /** Answers given at once, for ports that a test is not about. */
  readonly standing = new Map<string, (input: unknown) => AnyEventObject>();

  port<TInput extends NonReducibleUnknown>(port: string): CallbackActorLogic<AnyEventObject, TInput> {
    return fromCallback<AnyEventObject, TInput>(({ input, sendBack }) => {
      const breaks = this.broken.get(port) ?? 0;
      this.broken.set(port, breaks - 1);
      if (breaks > 0) throw new Error(`${port} is broken`);
      const call: PortCall = { port, input, open: true, answer: (message) => sendBack(message) };
      this.calls.push(call);
      const answer = this.standing.get(port);
      if (answer !== undefined) sendBack(answer(input));
      return () => {
        call.open = false;
      };
    });
  }

  count(port: string): number {
    return this.calls.filter((call) => call.port === port).length;
  }

  /** The one call of this port that waits for an answer. */
  open(port: string): PortCall {
    const open = this.calls.filter((call) => call.open && call.port === port);
    assert.equal(open.length, 1, `calls of ${port} that wait for an answer`);
    const [call] = open;
    assert.ok(call);
    return call;
  }

  answer(port: string, message: AnyEventObject): void {
    this.open(port).answer(message);
  }

  /** Input of the latest call of this port. */
  input(port: string): Readonly<Record<string, unknown>> {
    const call = this.calls.findLast((made) => made.port === port);
    assert.ok(call, `${port} was called`);
    return call.input as Readonly<Record<string, unknown>>;
  }
}
