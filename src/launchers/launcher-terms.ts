import type { EventDraft } from '../domain/events.ts';
import type { RegistryId } from '../domain/ids.ts';
import type { LaunchIntent } from '../ports/launcher.ts';
import type { ProcessTable } from '../ports/process-table.ts';

/** What launchers are opened with. */
export interface LauncherTerms {
  readonly stateDir: string;
  readonly registryId: RegistryId;
  readonly processes: ProcessTable;
  /** Absolute folder of the slots. */
  readonly slotsDir: string;
  /** File of the registry. */
  readonly registryPath: string;
  /** Takes lines for a person. */
  readonly tell: (message: string) => void;
  /** Of this process: how engines are reached. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes lines about what one start waits for. */
  readonly preparing: (message: string, intent: LaunchIntent) => void;
  readonly record: (event: EventDraft) => void;
}
