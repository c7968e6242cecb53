import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repoPoolConformance } from './repo-pool.ts';
import { GitFixture, type GitPoolType } from './repo-pool/git-fixture.ts';

const make = (type: GitPoolType) => async (slots: number) => {
  const fixture = await GitFixture.create(type);
  const outside = join(fixture.root, 'outside');
  mkdirSync(outside);
  const pool = await fixture.open({ slots });
  return { pool, outside, pristine: ['.git', '.gitignore', 'src'], end: () => fixture.end() };
};

repoPoolConformance('git-worktree', make('git-worktree'));
repoPoolConformance('git-clone', make('git-clone'));
