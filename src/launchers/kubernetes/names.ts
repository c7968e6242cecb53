import { createHash } from 'node:crypto';
import type { RegistryId, RunnerId } from '../../domain/ids.ts';

/** The container of a pod in which the task's command runs. */
export const RUNNER_CONTAINER = 'runner';

/** Labels by which the objects of a registry and of a runner are found again. */
export const REGISTRY_LABEL = 'dispatcher.registry';
export const RUNNER_LABEL = 'dispatcher.runner';
/** The whole id, which need not fit into a label. */
export const RUNNER_ANNOTATION = 'dispatcher/runner';

const LONGEST = 63;
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

const hashed = (text: string, readable: string): string => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
  const start = readable.slice(0, LONGEST - hash.length - 1).replace(/^[^A-Za-z0-9]+/, '');
  return start === '' ? hash : `${start}-${hash}`;
};

/**
 * The name of a runner's Job: its id, where that is a DNS label (RFC 1123) as Kubernetes wants it, and
 * otherwise as much of it as fits and a hash of the whole, so that two ids never share a name.
 */
export const jobNameOf = (id: RunnerId): string =>
  id.length <= LONGEST && DNS_LABEL.test(id) ? id : hashed(id, id.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));

/** A text as the value of a label: at most 63 letters, digits, `-`, `_` and `.`, the first and last no punctuation. */
export const labelValue = (text: string): string =>
  text.length <= LONGEST && /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(text)
    ? text
    : hashed(text, text.replaceAll(/[^A-Za-z0-9_.-]+/g, '-'));

export const registrySelector = (registry: RegistryId): string => `${REGISTRY_LABEL}=${registry}`;
