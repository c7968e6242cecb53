/** Structured log. Fields carry `task`, `runner`, `pool`, `attempt` where they are known. */
export interface Telemetry {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
}
