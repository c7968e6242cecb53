import { readFileSync } from 'node:fs';

/** Of this package, as its package.json says. */
export const packageVersion = (): string => {
  const candidates = ['../../package.json', '../../../package.json'];
  for (const candidate of candidates) {
    try {
      const text = readFileSync(new URL(candidate, import.meta.url), 'utf8');
      const found = JSON.parse(text) as { name?: string; version?: string };
      if (found.version !== undefined) return found.version;
    } catch {
      // Compiled code lies one folder deeper than its sources.
    }
  }
  return 'unknown';
};
