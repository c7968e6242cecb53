/** What a person may want of one task. */
export type Wish =
  | { readonly kind: 'setPriority'; readonly priority: number }
  | { readonly kind: 'cancel' | 'retry' | 'skip'; readonly reason: string | null }
  /** Named as in the plan: an id of the same set, or `spec/id`. */
  | { readonly kind: 'dropDependency'; readonly dependency: string };
