/** What one look found. `mend`: what to do about it, where there is something. */
export interface Diagnosis {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  readonly mend: string | null;
}

export const fine = (check: string, text: string): Diagnosis => ({ check, status: 'ok', text, mend: null });
export const doubtful = (check: string, text: string, mend: string): Diagnosis => ({ check, status: 'warn', text, mend });
export const ill = (check: string, text: string, mend: string): Diagnosis => ({ check, status: 'fail', text, mend });

export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
