import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { legible } from '../../config/input-error.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { configurationText, findings } from '../init/configuration-text.ts';
import { survey, type Survey } from '../init/survey.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print } from '../io.ts';

export interface InitOptions extends GlobalOptions {
  readonly force?: boolean;
}

const FILE = 'dispatcher.yaml';
/** Where a configuration is looked for, the first that is there; what is written must be what is read. */
const READ_BEFORE = ['config/dispatcher.yaml', FILE];

const targetOf = (options: InitOptions, cwd: string): string => {
  const named = options.config?.[0];
  if (named !== undefined) return resolve(cwd, named);
  return join(cwd, READ_BEFORE.find((name) => existsSync(join(cwd, name))) ?? FILE);
};

/** A folder named config belongs to the project around it. */
const projectOf = (path: string): string => {
  const folder = dirname(path);
  return basename(folder) === 'config' ? dirname(folder) : folder;
};

const write = (path: string, text: string, force: boolean): string | null => {
  const shown = legible(path, 4096);
  try {
    if (!force) writeFileSync(path, text, { flag: 'wx' });
    else {
      const draft = `${path}.${process.pid}.tmp`;
      writeFileSync(draft, text, { flag: 'wx' });
      renameSync(draft, path);
    }
    return null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      return `${shown} is there already; look at it with \`dispatcher validate\`, or write it anew with --force`;
    }
    const why = error instanceof Error ? error.message : String(error);
    return `${shown} cannot be written (${why}); go to a folder that you may write in, or name another file with -c`;
  }
};

const nextSteps = ({ plans: [plan] }: Survey): readonly string[] => [
  'dispatcher doctor                looks whether everything it names is there',
  ...(plan === undefined
    ? ['dispatcher run PLAN              runs a plan, in YAML or a Markdown checklist']
    : [
        `dispatcher plan ${legible(plan, 400)}    shows what would run, in which order`,
        `dispatcher run ${legible(plan, 400)}     runs it`,
      ]),
];

/** `init`: looks at this folder and writes a configuration for it; never over one that is there, unless told to. */
export const init = (options: InitOptions): Promise<number> => {
  const cwd = process.cwd();
  if ((options.config?.length ?? 0) > 1) return Promise.resolve(complain('init writes one file; give -c once'));
  const path = targetOf(options, cwd);
  const found = survey(projectOf(path), process.env);
  const trouble = write(path, configurationText(found), options.force === true);
  if (trouble !== null) return Promise.resolve(complain(trouble));
  for (const line of findings(found)) print(`found ${line}`);
  print(`wrote ${relative(cwd, path) || path}`);
  const checked = configurationOf(options);
  if (!checked.ok) return Promise.resolve(complain(checked.error, EXIT_UNFINISHED));
  print('next:');
  for (const line of nextSteps(found)) print(`  ${line}`);
  return Promise.resolve(EXIT_OK);
};
