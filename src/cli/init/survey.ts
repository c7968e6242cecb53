import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { git, programPath } from '../programs.ts';
import { AGENTS, type Agent } from './agents.ts';

/** What a folder and the machine around it have that a configuration can be made of. */
export interface Survey {
  readonly git: 'none' | 'withoutCommit' | 'repository';
  /** Languages, by the files that only they have. */
  readonly languages: readonly string[];
  /** Names of the scripts in package.json that one would want to run as a task. */
  readonly scripts: readonly string[];
  readonly agents: readonly Agent[];
  /** Plans in Markdown, relative. */
  readonly plans: readonly string[];
  readonly dockerSocket: string | null;
  readonly kubeconfig: string | null;
}

const LANGUAGES: readonly (readonly [file: string, language: string])[] = [
  ['tsconfig.json', 'TypeScript'],
  ['package.json', 'JavaScript'],
  ['pyproject.toml', 'Python'],
  ['requirements.txt', 'Python'],
  ['Cargo.toml', 'Rust'],
  ['go.mod', 'Go'],
  ['pom.xml', 'Java'],
  ['build.gradle', 'Java'],
  ['Gemfile', 'Ruby'],
  ['Makefile', 'Make'],
];

const USEFUL_SCRIPTS: ReadonlySet<string> = new Set(['test', 'build', 'lint', 'check', 'typecheck', 'format']);
const PLANS = ['.kiro/specs/*/tasks.md', 'specs/*/tasks.md', 'tasks.md', 'TODO.md'];
const DOCKER_SOCKET = '/var/run/docker.sock';

const packageSchema = z.object({ scripts: z.record(z.string(), z.unknown()).default({}) });

const scriptsOf = (folder: string): readonly string[] => {
  try {
    const { scripts } = packageSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
    return Object.keys(scripts).filter((name) => USEFUL_SCRIPTS.has(name));
  } catch {
    return [];
  }
};

const gitOf = (folder: string): Survey['git'] => {
  if (git(folder, 'rev-parse', '--is-inside-work-tree').text !== 'true') return 'none';
  return git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}').code === 0 ? 'repository' : 'withoutCommit';
};

const isSocket = (path: string): boolean => {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
};

const kubeconfigOf = (env: NodeJS.ProcessEnv): string | null => {
  const named = env['KUBECONFIG'] ?? '';
  const usual = join(env['HOME'] ?? '', '.kube', 'config');
  if (named !== '') return named;
  return existsSync(usual) ? usual : null;
};

/** Looks; changes nothing. */
export const survey = (folder: string, env: NodeJS.ProcessEnv): Survey => ({
  git: gitOf(folder),
  languages: [...new Set(LANGUAGES.filter(([file]) => existsSync(join(folder, file))).map(([, language]) => language))],
  scripts: scriptsOf(folder),
  agents: AGENTS.filter(({ program }) => programPath(program, env['PATH']) !== null),
  plans: PLANS.flatMap((pattern) => globSync(pattern, { cwd: folder })).toSorted(),
  dockerSocket: isSocket(DOCKER_SOCKET) ? DOCKER_SOCKET : null,
  kubeconfig: kubeconfigOf(env),
});
