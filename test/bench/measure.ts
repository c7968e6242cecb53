import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
export const cli = join(root, 'src', 'cli', 'bin.js');

/** A folder that goes away with the process. */
export const scratch = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dispatcher-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Writes a configuration of one local pool with its own registry and slots; returns its path. */
export const configure = (folder: string, concurrency: number, slots = concurrency): string => {
  const path = join(folder, 'dispatcher.yaml');
  writeFileSync(
    path,
    `
dispatcher: { max_global_concurrency: ${concurrency}, poll_interval: 5 }
repo_pool: { type: directory, slots: ${slots}, base_dir: ${JSON.stringify(join(folder, 'slots'))} }
server: { port: 0 }
agent_pools: { local: { type: local-process, max_concurrency: ${concurrency} } }
`,
  );
  return path;
};

export interface Ended {
  readonly code: number | null;
  readonly seconds: number;
  readonly stdout: string;
  /** Highest resident set of the process itself, MB; `null` where it could not be read. */
  readonly peakMb: number | null;
}

/** Runs a command to its end and times it. */
export const timed = (command: string, args: readonly string[], cwd: string): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const peak = /peak (\d+) kB/.exec(stdout)?.[1];
      resolve({
        code,
        seconds: (performance.now() - begun) / 1000,
        stdout,
        peakMb: peak === undefined ? null : Number(peak) / 1024,
      });
    });
  });

/** Value below which this share (0 to 1) of the sample lies. */
export const quantile = (sample: readonly number[], share: number): number => {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
