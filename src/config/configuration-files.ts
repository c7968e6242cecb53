import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import { configurationSchema, type WrittenConfiguration } from './configuration-schema.ts';
import { expandEnvironment, type Environment } from './environment-expansion.ts';
import { findingsOf, locateFindings, type Finding } from './finding.ts';
import type { InputError } from './input-error.ts';
import { readTextFile } from './text-file.ts';
import { parseYamlDocument, type YamlDocument } from './yaml-document.ts';

/** Where a configuration is looked for when nobody names one; the first that is there. */
const SEARCHED = ['config/dispatcher.yaml', 'dispatcher.yaml', 'config/agent-pools.yaml', 'agent-pools.yaml'];
const POOLS_FILE = 'agent-pools.yaml';
const MAX_BYTES = 2 ** 20;

/** One file of a configuration, read and checked by itself. */
export interface ConfigurationFile {
  /** Absolute. */
  readonly path: string;
  readonly document: YamlDocument;
  readonly written: WrittenConfiguration;
}

/** What to read, and the folder that relative paths in it start from. */
export interface ConfigurationPlace {
  /** As the person would name them. */
  readonly files: readonly string[];
  readonly projectFolder: string;
}

/** Which files make up the configuration; none when nobody wrote one. */
export const findConfiguration = (named: readonly string[], cwd: string): ConfigurationPlace => {
  const found = SEARCHED.find((candidate) => existsSync(join(cwd, candidate)));
  const files = named.length > 0 ? named : found === undefined ? [] : [found];
  const first = files[0];
  if (first === undefined) return { files, projectFolder: cwd };
  const folder = dirname(resolve(cwd, first));
  // A folder named config belongs to the project around it.
  return { files, projectFolder: basename(folder) === 'config' ? dirname(folder) : folder };
};

/** Reads one file. Every text in it is expanded before it is checked. */
export const readConfigurationFile = (
  file: string,
  cwd: string,
  env: Environment,
): Result<ConfigurationFile, readonly InputError[]> => {
  const path = resolve(cwd, file);
  const text = readTextFile(path, MAX_BYTES);
  if (!text.ok) return err([{ ...text.error, file }]);
  const document = parseYamlDocument(text.value, file);
  if (!document.ok) return err([document.error]);
  const expanded = expandEnvironment(document.value.value, env);
  if (expanded.findings.length > 0) return err(locateFindings(document.value, expanded.findings));
  // A file of nothing but comments leaves everything as it is by default.
  const parsed = configurationSchema.safeParse(expanded.value ?? {});
  if (!parsed.success) return err(locateFindings(document.value, findingsOf(parsed.error)));
  return ok({ path, document: document.value, written: parsed.data });
};

/**
 * The pools file beside the first file, when that has no pools itself: its name, and a note when it
 * is there but passed over.
 */
export const poolsFileBeside = (
  files: readonly ConfigurationFile[],
  cwd: string,
): { readonly file: string | null; readonly note: string | null } => {
  const first = files[0];
  if (first === undefined) return { file: null, note: null };
  const beside = join(dirname(first.path), POOLS_FILE);
  if (files.some((file) => file.path === beside) || !existsSync(beside)) return { file: null, note: null };
  const name = relative(cwd, beside).startsWith('..') ? beside : relative(cwd, beside);
  const owner = files.find((file) => file.written.agent_pools != null);
  if (owner === undefined) return { file: name, note: null };
  return { file: null, note: `${name} is not read, for ${owner.document.file} has agent_pools itself` };
};

/** Top-level keys that two files set: each may stand in one of them only. */
export const contradictions = (files: readonly ConfigurationFile[]): readonly InputError[] => {
  const owners = new Map<string, string>();
  return files.flatMap((file) => {
    const findings: Finding[] = [];
    for (const [key, value] of Object.entries(file.written)) {
      if (value == null) continue;
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, file.document.file);
      else {
        const message = `is set in ${owner} already; expected it in one file; keep one of them`;
        findings.push({ path: [key], complaint: { kind: 'said', message } });
      }
    }
    return findings.length === 0 ? [] : locateFindings(file.document, findings);
  });
};
