import { constants } from 'node:os';
import type Docker from 'dockerode';
import type { ExitStatus } from '../../domain/outcome.ts';

/** What the engine says of a container. */
export type ContainerState =
  /** Made, and never started. */
  | { readonly kind: 'created' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'ended'; readonly status: ExitStatus; readonly at: number };

const MB = 2 ** 20;
const SIGNALS: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).toReversed().map(([name, number]) => [number, name]),
);

/** As shells and the init process inside tell a death by a signal. */
const SIGNALLED = 128;

/** A code that stands for a signal is taken for one: whoever exits by 137 means to say the same. */
const ending = (code: number): ExitStatus => {
  const signal = SIGNALS.get(code - SIGNALLED) ?? null;
  return signal === null ? { exitCode: code, signal } : { exitCode: null, signal };
};

const CREATED: ReadonlySet<string> = new Set(['created']);
const ENDED: ReadonlySet<string> = new Set(['exited', 'dead', 'removing']);

export const stateOf = ({ State, HostConfig }: Docker.ContainerInspectInfo): ContainerState => {
  if (CREATED.has(State.Status)) return { kind: 'created' };
  if (!ENDED.has(State.Status)) return { kind: 'alive' };
  const limit = HostConfig.Memory ?? 0;
  const cause = State.OOMKilled ? { cause: { kind: 'outOfMemory', limitMb: limit > 0 ? limit / MB : null } } as const : {};
  const at = Date.parse(State.FinishedAt);
  return { kind: 'ended', status: { ...ending(State.ExitCode), ...cause }, at: Number.isFinite(at) ? at : Date.now() };
};
