/**
 * Whether a repository is named by a URL (`https://…`, `ssh://…`, `git@host:path`) and not by a path.
 * `ext::…` and the like, by which git runs programs, are none.
 */
export const isRepositoryUrl = (repo: string): boolean =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(repo) || /^(?:[^/@:\s]+@)?[^/:\s]+:(?!:)\S/.test(repo);
