import { isRepositoryUrl } from '../domain/repository-url.ts';
import type { RepoPoolConfiguration } from './configuration.ts';
import type { WrittenConfiguration } from './configuration-schema.ts';
import type { Finding } from './finding.ts';
import { quoted } from './input-error.ts';

/** Workspaces with the defaults filled in: plain folders, or the repository that the configuration lies in. */
export const repoPoolOf = (
  { repo_pool: written }: WrittenConfiguration,
  slots: number,
  absolute: (path: string) => string,
): RepoPoolConfiguration => {
  const baseDir = written?.base_dir == null ? null : absolute(written.base_dir);
  const type = written?.type ?? 'directory';
  if (type === 'directory') return { type, baseDir, slots };
  const repo = written?.repo ?? '.';
  return { type, baseDir, slots, repo: isRepositoryUrl(repo) ? repo : absolute(repo), base: written?.base ?? null };
};

/** A worktree of what is not on this machine cannot be. */
export const repoPoolFindings = ({ repo_pool: written }: WrittenConfiguration): readonly Finding[] => {
  if (written?.type !== 'git-worktree' || written.repo == null || !isRepositoryUrl(written.repo)) return [];
  const mend = 'a worktree needs a repository of this machine; clone it first, or set type: git-clone';
  return [{ path: ['repo_pool', 'repo'], complaint: { kind: 'said', message: `${quoted(written.repo)} is a URL; ${mend}` } }];
};
