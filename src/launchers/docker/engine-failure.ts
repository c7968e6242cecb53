import { portError, type PortError } from '../../domain/failures.ts';

/** Why a call to the engine came to nothing. */
export interface EngineFailure {
  /** HTTP status of its answer; `null`: it gave none. */
  readonly status: number | null;
  /** One line. */
  readonly message: string;
}

const NO_ANSWER: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is the engine running?',
  ECONNREFUSED: 'nobody listens there; is the engine running?',
  EACCES: "permission denied; add the dispatcher's user to the group of the socket, mostly docker",
  EPERM: "permission denied; add the dispatcher's user to the group of the socket, mostly docker",
  ABORT_ERR: 'no answer in time',
};

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** What dockerode throws, as a value. `address`: of the engine, for people. */
export const failureOf = (error: unknown, address: string): EngineFailure => {
  const status = field(error, 'statusCode');
  const said = field(field(error, 'json'), 'message') ?? field(error, 'reason');
  const text = error instanceof Error ? error.message : String(error);
  if (typeof status === 'number') {
    return { status, message: oneLine(typeof said === 'string' ? said : text) };
  }
  const code = field(error, 'code');
  const name = error instanceof Error && error.name === 'AbortError' ? 'ABORT_ERR' : code;
  const why = (typeof name === 'string' ? NO_ANSWER[name] : undefined) ?? oneLine(text);
  return { status: null, message: `docker engine ${address}: ${why}` };
};

export const isSilence = ({ status }: EngineFailure): boolean => status === null;
export const isMissing = ({ status }: EngineFailure): boolean => status === 404;
export const isConflict = ({ status }: EngineFailure): boolean => status === 409;

/** Of its refusals, what will be refused again; a busy or silent engine may do it later. */
const isFinal = (status: number | null): boolean => status !== null && status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429;

export const portErrorOf = ({ status, message }: EngineFailure, what: string): PortError => {
  const prefix = status === null ? '' : `${what}: `;
  return portError(isFinal(status) ? 'permanent' : 'transient', `${prefix}${message}`);
};
