import { constants } from 'node:os';
import type { ExitCause } from '../../domain/outcome.ts';
import type { ExitReport } from '../../ports/launcher.ts';
import { RUNNER_CONTAINER } from './names.ts';
import type { ContainerStatus, Job, Pod, Terminated } from './objects.ts';
import { NOT_STARTED } from './run-script.ts';

/** What the state of a Job and its pod means for the runner. */
export type Verdict =
  /** Not running yet; `reason` says what it waits for where Kubernetes says so. */
  | { readonly kind: 'pending'; readonly reason: string | null; readonly failsAs: 'transient' | 'permanent' }
  | { readonly kind: 'running' }
  /** It will never run, and waiting will not help. */
  | { readonly kind: 'notStarted'; readonly reason: string; readonly retryable: boolean }
  | { readonly kind: 'ended'; readonly exit: ExitReport }
  /** It ran and is over, and Kubernetes has lost how: kubelets forget containers of pods that are deleted. */
  | { readonly kind: 'lost'; readonly reason: string };

export interface Evidence {
  /** Its command was seen running. */
  readonly hasRun: boolean;
  readonly job: Job | null;
  readonly pod: Pod | null;
  readonly limitMb: number | null;
  /** ms since the epoch. */
  readonly now: number;
}

const SIGNALS: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).toReversed().map(([name, number]) => [number, name]),
);

/** Engines tell a death by signal as 128 and its number, as shells do; there is no other trace of it. */
const statusOf = (code: number): { readonly exitCode: number | null; readonly signal: string | null } => {
  const signal = code > 128 && code < 160 ? (SIGNALS.get(code - 128) ?? null) : null;
  return signal === null ? { exitCode: code, signal: null } : { exitCode: null, signal };
};

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim().slice(0, 400);

const joined = (...parts: readonly string[]): string => parts.map(oneLine).filter((part) => part !== '').join(': ');

/** Reasons of a container that its engine could not start; Docker's and containerd's. */
const START_FAILURES = new Set(['ContainerCannotRun', 'StartError', 'CreateContainerError', 'RunContainerError']);

/** The engine's account of a start that failed is long; the end of it names the program. */
const startFailure = ({ message }: Terminated): Verdict => {
  const program = /exec: \\?"([^"\\]*)\\?"/.exec(message)?.[1];
  if (program === '/bin/sh') {
    const mend = 'name an image that has one, or set `shell: false` in the pool (results come by HTTP alone then)';
    return { kind: 'notStarted', retryable: false, reason: `the image has no /bin/sh; ${mend}` };
  }
  const missing = /executable file not found|no such file or directory/.test(message);
  if (program !== undefined && missing) return { kind: 'notStarted', retryable: false, reason: `command not found: ${program}` };
  return { kind: 'notStarted', retryable: false, reason: joined('the container cannot be started', message) };
};

const causeOf = ({ reason }: Terminated, { status }: Pod, { limitMb }: Evidence): ExitCause | null => {
  if (reason === 'OOMKilled') return { kind: 'outOfMemory', limitMb };
  if (status.reason === 'Evicted') return { kind: 'evicted', reason: joined('evicted', status.message) };
  if (status.reason === 'DeadlineExceeded') return { kind: 'timedOut', reason: DEADLINE };
  return null;
};

const DEADLINE = 'ran longer than activeDeadlineSeconds of its Job';

const ended = (terminated: Terminated, pod: Pod, evidence: Evidence): Verdict => {
  const { now } = evidence;
  const { exitCode, reason, message, finishedAt } = terminated;
  if (START_FAILURES.has(reason)) return startFailure(terminated);
  if (message.startsWith(NOT_STARTED)) {
    return { kind: 'notStarted', retryable: false, reason: oneLine(message.slice(NOT_STARTED.length)) };
  }
  const cause = causeOf(terminated, pod, evidence);
  const finished = Date.parse(finishedAt ?? '');
  return {
    kind: 'ended',
    exit: {
      ...statusOf(exitCode),
      ...(cause === null ? {} : { cause }),
      at: Number.isNaN(finished) ? now : Math.min(finished, now),
      result: message === '' ? null : message,
    },
  };
};

/** Pulling fails for good where the other side says that there is no such image, or that it is not for us. */
const FINAL_PULL = /not found|manifest unknown|does not exist|access denied|unauthorized|denied:|forbidden/i;
const MISSING_OBJECT = /not found|couldn't find key|non-existent|invalid/i;

const waitingVerdict = ({ state: { waiting }, image }: ContainerStatus): Verdict | null => {
  if (waiting === undefined) return null;
  const { reason, message } = waiting;
  const fails = (text: string, retryable: boolean): Verdict => ({ kind: 'notStarted', reason: text, retryable });
  switch (reason) {
    case 'ErrImageNeverPull':
      return fails(`image ${image} is not on the node, and pull_policy never forbids to pull it`, false);
    case 'InvalidImageName':
      return fails(`image name ${image} is invalid`, false);
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      if (FINAL_PULL.test(message)) return fails(joined(`image ${image} cannot be pulled (${reason})`, message), false);
      return reason === 'ErrImagePull'
        ? { kind: 'pending', reason: joined(`image ${image} cannot be pulled`, message), failsAs: 'transient' }
        : fails(joined(`image ${image} cannot be pulled (${reason})`, message), true);
    case 'CreateContainerConfigError':
      if (MISSING_OBJECT.test(message)) return fails(joined(reason, message), false);
      return { kind: 'pending', reason: joined(reason, message), failsAs: 'permanent' };
    case '':
    case 'ContainerCreating':
    case 'PodInitializing':
      return null;
    default:
      return { kind: 'pending', reason: joined(reason, message), failsAs: 'transient' };
  }
};

/** A pod that is over though its runner's container never was: refused by its node, evicted, or not prepared. */
const overWithoutContainer = (pod: Pod, { now, hasRun }: Evidence): Verdict => {
  const { reason, message } = pod.status;
  const failed = pod.status.initContainerStatuses.find(({ state }) => (state.terminated?.exitCode ?? 0) !== 0);
  if (failed?.state.terminated !== undefined) {
    const said = failed.state.terminated.message.trim().split('\n').at(-1) ?? '';
    const text = joined(`init container ${failed.name} failed with exit code ${failed.state.terminated.exitCode}`, said);
    return { kind: 'notStarted', reason: text, retryable: true };
  }
  if (reason === 'Evicted') {
    const cause: ExitCause = { kind: 'evicted', reason: joined('evicted', message) };
    return { kind: 'ended', exit: { exitCode: null, signal: null, at: now, result: null, cause } };
  }
  if (reason === 'DeadlineExceeded') return deadline(now);
  if (hasRun) return { kind: 'lost', reason: joined('its pod is over', reason, message) };
  return { kind: 'notStarted', reason: joined('its pod failed', reason, message), retryable: true };
};

const deadline = (now: number): Verdict => ({
  kind: 'ended',
  exit: { exitCode: null, signal: null, at: now, result: null, cause: { kind: 'timedOut', reason: DEADLINE } },
});

const pendingReason = (pod: Pod): string | null => {
  const unschedulable = pod.status.conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return unschedulable === undefined ? null : joined(unschedulable.reason, unschedulable.message) || null;
};

const ofPod = (pod: Pod, evidence: Evidence): Verdict => {
  const { phase, containerStatuses, initContainerStatuses } = pod.status;
  const runner = containerStatuses.find(({ name }) => name === RUNNER_CONTAINER);
  const terminated = runner?.state.terminated;
  if (terminated !== undefined) return ended(terminated, pod, evidence);
  if (phase === 'Succeeded' || phase === 'Failed') return overWithoutContainer(pod, evidence);
  if (runner?.state.running !== undefined) return { kind: 'running' };
  for (const status of [...initContainerStatuses, ...containerStatuses]) {
    const verdict = waitingVerdict(status);
    if (verdict !== null) return verdict;
  }
  return { kind: 'pending', reason: pendingReason(pod), failsAs: 'transient' };
};

/** Pure. What is gone it cannot tell: whoever asks knows what was there before. */
export const verdictOf = (evidence: Evidence): Verdict => {
  const { job, pod, now } = evidence;
  if (pod !== null) return ofPod(pod, evidence);
  const failed = job?.status.conditions.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (failed?.reason === 'DeadlineExceeded') return deadline(now);
  return { kind: 'pending', reason: null, failsAs: 'transient' };
};
