/** What a run has to know that no object of Kubernetes tells. */
export interface RunTerms {
  readonly scheduleTimeoutMs: number;
  readonly limitMb: number | null;
}
