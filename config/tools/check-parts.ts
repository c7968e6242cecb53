import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** One tool of the house check, as it is run in the root of a tree. */
export interface CheckPart {
  readonly name: 'types' | 'lint' | 'unused' | 'imports';
  /** What it watches over, for people. */
  readonly about: string;
  /** Program of node_modules/.bin. */
  readonly program: string;
  readonly args: readonly string[];
}

/** Folders that hold code; not every tree has all of them. */
const CODE = ['src', 'machines', 'test', 'examples', 'config/tools'];

/** All parts. The tests of the house plant breaches and run these very commands. */
export const checkParts = (root: string): readonly CheckPart[] => [
  {
    name: 'types',
    about: 'tsc, strictest flags',
    program: 'tsc',
    // What did not change since the last check is not checked again. Not in node_modules: that may be shared.
    args: ['--pretty', 'false', '--incremental', '--tsBuildInfoFile', '.cache/tsc.json'],
  },
  {
    name: 'lint',
    about: 'oxlint with types, and the purity rule',
    program: 'oxlint',
    args: ['--deny-warnings', '--format', 'unix'],
  },
  {
    name: 'unused',
    about: 'knip: files, exports, dependencies',
    program: 'knip',
    args: ['--config', 'config/tools/knip.json', '--no-progress'],
  },
  {
    name: 'imports',
    about: 'dependency-cruiser: who may import whom, no cycles',
    program: 'depcruise',
    args: ['--config', 'config/tools/dependency-cruiser.js', ...CODE.filter((path) => existsSync(join(root, path)))],
  },
];

export interface CheckCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** How to start a part: by this Node and from this tree's node_modules, whatever the PATH says. */
export const commandOf = (root: string, part: CheckPart): CheckCommand => {
  const bin = join(root, 'node_modules', '.bin');
  return {
    file: join(bin, part.program),
    args: part.args,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' },
  };
};
