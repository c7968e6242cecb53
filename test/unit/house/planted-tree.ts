import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkParts, commandOf, type CheckPart } from '../../../config/tools/check-parts.ts';

export const repositoryRoot = join(import.meta.dirname, '..', '..', '..');

/** What the tools of the house read. */
const CONFIGURATION = ['package.json', 'tsconfig.json', '.oxlintrc.json', '.gitignore', 'config/tools'];

export interface Finding {
  readonly status: number | null;
  /** stdout and stderr. */
  readonly output: string;
}

/** A tree with this house's own configuration and nothing in it but planted files. */
export class PlantedTree {
  readonly root: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.root = mkdtempSync(join(tmpdir(), 'house-'));
    for (const path of CONFIGURATION) {
      cpSync(join(repositoryRoot, path), join(this.root, path), {
        recursive: true,
        // It imports the real statecharts, which are not here.
        filter: (source) => !source.endsWith('diagrams.ts'),
      });
    }
    symlinkSync(join(repositoryRoot, 'node_modules'), join(this.root, 'node_modules'));
    for (const [path, text] of Object.entries(files)) this.plant(path, text);
  }

  plant(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Runs one part of `npm run check` on this tree, with the very command that the check uses. */
  run(name: CheckPart['name']): Finding {
    const part = checkParts(this.root).find((candidate) => candidate.name === name);
    if (part === undefined) throw new Error(`no part is called ${name}`);
    const { file, args, env } = commandOf(this.root, part);
    const { status, stdout, stderr } = spawnSync(file, args, { cwd: this.root, env, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  /** Removes the tree. */
  clear(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Plants a tree, runs one part on it and removes it. */
export const findIn = (files: Readonly<Record<string, string>>, name: CheckPart['name']): Finding => {
  const tree = new PlantedTree(files);
  try {
    return tree.run(name);
  } finally {
    tree.clear();
  }
};

/** Lines of a tool's report that speak of this file. */
export const linesAbout = (finding: Finding, path: string): readonly string[] =>
  finding.output.split('\n').filter((line) => line.includes(path));
