import type { RunnerId } from '../domain/ids.ts';
import type { Reply } from './reply.ts';

/** What is known of a runner's words from before a restart. */
export interface RecalledReport {
  /** It has spoken the protocol, and must go on. */
  readonly spoken: boolean;
  /** The result that it gave by `complete`, as it came, and when that was, ms since the epoch; `null`: none. */
  readonly completion: { readonly text: string; readonly at: number } | null;
}

/**
 * Keeps what runners say over the protocol until their attempt is settled, so that a dispatcher that is
 * killed in between forgets none of it. Only the dispatcher's user can read or write it.
 */
export interface ReportStore {
  /** Remembers that this runner has spoken; nobody waits for it. */
  noteSpoken(id: RunnerId): void;
  /** Durable before the reply. Kept again, it is replaced. */
  keepCompletion(id: RunnerId, completion: { readonly text: string; readonly at: number }, reply: Reply<null>): void;
  recall(id: RunnerId, reply: Reply<RecalledReport>): void;
  /** Its outcome is stored. */
  forget(id: RunnerId): void;
}
