import { runnerId, type RunnerId } from '../../domain/ids.ts';

/** What the fork-server writes down, and what it says beside that; see the head of `fork-server.pl`. */
export type JournalLine =
  | { readonly kind: 'header'; readonly pid: number; readonly startTime: string; readonly bootId: string }
  | {
      readonly kind: 'started';
      readonly id: RunnerId;
      readonly pid: number;
      readonly startTime: string;
      readonly at: number;
      readonly runDir: string;
      readonly sandboxed: boolean;
    }
  | { readonly kind: 'failed'; readonly id: RunnerId; readonly pid: number; readonly failure: EntryFailure }
  | {
      readonly kind: 'exited';
      readonly id: RunnerId;
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: number | null;
      readonly at: number;
      readonly strays: boolean;
    }
  | { readonly kind: 'forgotten'; readonly id: RunnerId }
  | { readonly kind: 'closed' };

/** Why a child did not get into its program. `text` is the system's, in English. */
export interface EntryFailure {
  readonly stage: string;
  readonly errno: number;
  readonly text: string;
}

export type SpokenLine =
  | { readonly kind: 'entered'; readonly id: RunnerId }
  | { readonly kind: 'known'; readonly id: RunnerId }
  | { readonly kind: 'refused'; readonly id: RunnerId; readonly failure: EntryFailure }
  | { readonly kind: 'pong'; readonly token: string };

const unescape = (field: string): string =>
  field.includes('%')
    ? field.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : field;

export const escapeField = (text: string): string =>
  text.replaceAll(/[%\u0000-\u001f\u007f]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

const optionalNumber = (field: string): number | null => (field === '' ? null : Number(field));

/** Reads a line without its end; `null` where it is none of those, as a torn one is not. */
export const parseLine = (line: string): JournalLine | SpokenLine | null => {
  const [kind, first, second, third, fourth, fifth, sixth] = line.split('\t');
  if (kind === 'C') return { kind: 'closed' };
  if (first === undefined) return null;
  const id = runnerId(unescape(first));
  switch (kind) {
    case 'R':
      return { kind: 'entered', id };
    case 'G':
      return { kind: 'forgotten', id };
    case 'A':
      return { kind: 'known', id };
    case 'P':
      return { kind: 'pong', token: unescape(first) };
    default:
      return parseLongLine(kind, id, [second, third, fourth, fifth, sixth]);
  }
};

const parseLongLine = (
  kind: string | undefined,
  id: RunnerId,
  [second, third, fourth, fifth, sixth]: readonly (string | undefined)[],
): JournalLine | SpokenLine | null => {
  if (second === undefined || third === undefined) return null;
  if (kind === 'E') {
    return { kind: 'refused', id, failure: { stage: '', errno: Number(second), text: unescape(third) } };
  }
  if (fourth === undefined || fifth === undefined) return null;
  const pid = Number(second);
  switch (kind) {
    case 'H':
      return { kind: 'header', pid, startTime: third, bootId: fourth };
    case 'S':
      return { kind: 'started', id, pid, startTime: third, at: Number(fourth), runDir: unescape(fifth), sandboxed: sixth === '1' };
    case 'F':
      return { kind: 'failed', id, pid, failure: { stage: third, errno: Number(fourth), text: unescape(fifth) } };
    case 'X':
      return {
        kind: 'exited',
        id,
        pid,
        exitCode: optionalNumber(third),
        signal: optionalNumber(fourth),
        at: Number(fifth),
        strays: sixth === '1',
      };
    default:
      return null;
  }
};

const SPOKEN: ReadonlySet<string> = new Set(['R', 'A', 'P', 'E']);

/** Whether a line of the report pipe is in the journal, too. */
export const isJournalled = (line: string): boolean => !SPOKEN.has(line.slice(0, 1));
