import type { z } from 'zod';
import { legible, quoted, type InputError } from './input-error.ts';
import { nearestName } from './nearest-name.ts';
import type { YamlDocument } from './yaml-document.ts';
import { formatPath, locateAll, type DocumentPath, type Location } from './yaml-location.ts';

/** What is wrong with a value; the words around it come with its place in the text. */
export type Complaint =
  /** Another kind of value was expected: a clause such as `a whole number of at least 1`. */
  | { readonly kind: 'expected'; readonly what: string; readonly mend?: string }
  /** A name that YAML reads as something other than text. */
  | { readonly kind: 'unquoted'; readonly noun: string; readonly value: number | boolean | null }
  | { readonly kind: 'unknownKey'; readonly known: readonly string[] }
  /** A whole message, for what no single value is to blame for. */
  | { readonly kind: 'said'; readonly message: string };

export interface Finding {
  readonly path: DocumentPath;
  readonly complaint: Complaint;
}

/** Carries a complaint through zod, which knows only messages. */
export class CarriedComplaint {
  readonly complaint: Complaint;

  constructor(complaint: Complaint) {
    this.complaint = complaint;
  }
}

/** The key of a zod issue's `params` under which the complaint travels. */
export const COMPLAINT = 'complaint';

const segmentOf = (part: PropertyKey): string | number => (typeof part === 'symbol' ? String(part) : part);

/** What zod found, as findings. Its own issues (a list or mapping was expected) carry the clause as message. */
export const findingsOf = (error: z.ZodError): readonly Finding[] =>
  error.issues.map((issue) => {
    const carried: unknown = issue.code === 'custom' ? issue.params?.[COMPLAINT] : null;
    return {
      path: issue.path.map(segmentOf),
      complaint:
        carried instanceof CarriedComplaint ? carried.complaint : { kind: 'expected', what: issue.message },
    };
  });

const asType = (value: number | boolean | null): string =>
  value === null ? 'nothing (null)' : `the ${typeof value} ${value}`;

const unknownKey = (key: string, known: readonly string[]): string => {
  const nearest = nearestName(key, known);
  const mend = nearest === null ? 'take it out' : `did you mean ${quoted(nearest)}?`;
  return `unknown key ${quoted(key)}; expected one of ${known.join(', ')}; ${mend}`;
};

const sentence = (finding: Finding, location: Location): string => {
  const { complaint, path } = finding;
  switch (complaint.kind) {
    case 'said':
      return complaint.message;
    case 'unknownKey':
      return unknownKey(String(path.at(-1) ?? ''), complaint.known);
    case 'unquoted': {
      if (location.spelling === null && complaint.value === null) {
        return `found nothing; expected ${complaint.noun} as text; write one`;
      }
      const spelling = location.spelling ?? String(complaint.value);
      return `${complaint.noun} ${legible(spelling)} reads as ${asType(complaint.value)}; write ${quoted(spelling)}`;
    }
    case 'expected': {
      const found = location.present ? `found ${legible(location.written)}` : 'missing';
      const mend = complaint.mend === undefined ? '' : `; ${complaint.mend}`;
      return `${found}; expected ${complaint.what}${mend}`;
    }
  }
};

/** Findings with their lines, in the order of the text. */
export const locateFindings = (document: YamlDocument, findings: readonly Finding[]): readonly InputError[] => {
  const locations = locateAll(
    document,
    findings.map((finding) => finding.path),
  );
  return findings
    .map((finding, i) => {
      const location = locations[i] ?? { line: null, written: 'nothing', spelling: null, present: false };
      const path = formatPath(finding.path);
      return { file: document.file, line: location.line, path, message: sentence(finding, location) };
    })
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
};
