/** What a box says about its task: `[ ]`, `[x]`, `[-]` (in progress), `[~]` (queued). */
export type BoxMark = 'open' | 'done' | 'begun' | 'queued';

/** What a person should know about a line: something that could be read in two ways, or not at all. */
export interface PlanFinding {
  /** Counted from 1. */
  readonly line: number;
  /** A word for programs, such as `malformed-box`. */
  readonly kind: FindingKind;
  /** One line: what was found, and how it was read. */
  readonly text: string;
}

export type FindingKind =
  | 'malformed-box'
  | 'empty-box'
  | 'box-outside'
  | 'box-in-code'
  | 'unclosed-block'
  | 'duplicate-id'
  | 'number'
  | 'depth'
  | 'in-progress'
  | 'done'
  | 'unknown-reference'
  | 'dependency'
  | 'graph'
  | 'not-in-graph'
  | 'order';

/** A box as it stands in the text: enough to find it again, and to write the one byte inside it. */
export interface PlanBox {
  readonly id: string;
  /** The number as written, normalised; `null` when the id was made from the title. */
  readonly written: string | null;
  readonly title: string;
  readonly mark: BoxMark;
  readonly line: number;
  /** Of the character inside the brackets, counted from 0; all before it in the line are ASCII. */
  readonly column: number;
  /** Number and title of what it stands below, to tell it from others of the same title. */
  readonly below: string;
}

/** A task of the plan, in the order of the document. */
export interface PlanTask {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Ids of this plan, or `otherspec/id`. */
  readonly dependencies: readonly string[];
  readonly optional: boolean;
  readonly group: boolean;
  /** No `line` among it: what is inserted above a task would change the task. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly line: number;
}

/** A Markdown plan, read. */
export interface MarkdownPlan {
  readonly tasks: readonly PlanTask[];
  /** Ids of the tasks that are ticked. */
  readonly done: readonly string[];
  /** In the order of their lines. */
  readonly findings: readonly PlanFinding[];
  readonly boxes: readonly PlanBox[];
}

/** Why a text is no plan: one clause, with the line it is about where there is one. */
export interface PlanRefusal {
  readonly line: number | null;
  readonly message: string;
}

const SHOWN = 60;

/** A stranger's text inside a finding, cut to a length that is read. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN).replace(/[\uD800-\uDBFF]$/, '')}…` : text);
