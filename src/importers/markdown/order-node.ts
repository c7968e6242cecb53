import type { Referred } from './references.ts';

/** What matters for the order, of one node of the plan. Others are named by their place in the list. */
export interface OrderNode {
  readonly id: string;
  readonly line: number;
  /** `null` at the top. */
  readonly parent: number | null;
  readonly children: readonly number[];
  readonly isCheckpoint: boolean;
  readonly isParallel: boolean;
  readonly isDone: boolean;
  /** Its own `_Depends: …_`. */
  readonly stated: (Referred & { readonly line: number }) | null;
}

/** The dependency graph of a plan, with every name looked up. */
export type PlanGraph =
  | { readonly kind: 'waves'; readonly line: number; readonly waves: readonly Wave[] }
  /** `[a, b]`: b waits for a. Nodes without an edge are free to begin. */
  | {
      readonly kind: 'edges';
      readonly line: number;
      readonly named: readonly number[];
      readonly edges: readonly (readonly [number, number])[];
    };

export interface Wave {
  /** What the plan calls it. */
  readonly name: string;
  readonly nodes: readonly number[];
  /** Places of waves in the list, as the wave itself states them. */
  readonly dependsOn: readonly number[];
  /** What single tasks of it state. */
  readonly stated: readonly { readonly node: number; readonly on: readonly number[] }[];
}
