import { shortRegistryId, type RegistryId } from '../../domain/ids.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';

/** Labels of containers. The registry's says whose they are, in full: its short form is only for people. */
export const LABEL = {
  registry: 'dispatcher.registry',
  runner: 'dispatcher.runner',
  task: 'dispatcher.task',
  attempt: 'dispatcher.attempt',
  pool: 'dispatcher.pool',
  /** Made to look into an image, and never started. */
  probe: 'dispatcher.probe',
} as const;

export const labelsOf = (intent: LaunchIntent, registry: RegistryId): Readonly<Record<string, string>> => ({
  [LABEL.registry]: registry,
  [LABEL.runner]: intent.runnerId,
  [LABEL.task]: intent.task,
  [LABEL.attempt]: String(intent.attempt),
  [LABEL.pool]: intent.pool,
});

export const probeName = (registry: RegistryId, luck: string): string => `${shortRegistryId(registry)}-probe-${luck}`;

/** For lists and events: what is this registry's, with the runner's name where it is one. */
export const ownFilter = (registry: RegistryId): readonly string[] => [`${LABEL.registry}=${registry}`, LABEL.runner];
