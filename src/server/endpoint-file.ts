import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Where a live dispatcher is reached: `state_dir/endpoint.json`. */
const endpointSchema = z.object({
  url: z.string(),
  pid: z.number().int(),
  registry_id: z.string(),
});
export type Endpoint = z.infer<typeof endpointSchema>;

const path = (stateDir: string): string => join(stateDir, 'endpoint.json');
const portPath = (stateDir: string): string => join(stateDir, 'last-port');

const writeWhole = (file: string, text: string): void => {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
};

export const writeEndpoint = (stateDir: string, endpoint: Endpoint): void => {
  writeWhole(path(stateDir), `${JSON.stringify(endpoint)}\n`);
  writeWhole(portPath(stateDir), new URL(endpoint.url).port);
};

/** `null` where there is none or it cannot be read; it may be left over from a dispatcher that died. */
export const readEndpoint = (stateDir: string): Endpoint | null => {
  try {
    return endpointSchema.parse(JSON.parse(readFileSync(path(stateDir), 'utf8')));
  } catch {
    return null;
  }
};

/** Only its own: a dispatcher that was followed by another leaves the other's. */
export const removeEndpoint = (stateDir: string): void => {
  if ((readEndpoint(stateDir)?.pid ?? process.pid) !== process.pid) return;
  rmSync(path(stateDir), { force: true });
};

/** The port that the last dispatcher of this registry had, so that `port: 0` stays the same. */
export const lastPort = (stateDir: string): number | null => {
  try {
    const port = Number(readFileSync(portPath(stateDir), 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
};
