import type { RegistryId } from '../../domain/ids.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import type { Surroundings } from './engine.ts';

/** What becomes of an image that somebody waits for. */
export type PullNews =
  | { readonly kind: 'pulling'; readonly image: string; /** How far it is; `null`: just begun. */ readonly progress: string | null }
  | { readonly kind: 'pulled'; readonly image: string; readonly durationMs: number };

/** What a docker launcher is opened with. */
export interface DockerTerms {
  readonly registryId: RegistryId;
  /** As {@link engineAddress} tells it. */
  readonly address: string;
  /** Of this process, for certificates. */
  readonly environment: Surroundings;
  /** Whom files here belong to; `null` where the system knows no such thing. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly pulling: (news: PullNews, intent: LaunchIntent) => void;
  /** A line for a person: the engine fell silent, or answers again. */
  readonly tell: (message: string) => void;
}
