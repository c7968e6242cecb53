// First, for what follows is loaded into that heap.
import './small-heap.ts';
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { EventsOptions } from './commands/events.ts';
import type { LogsOptions } from './commands/logs.ts';
import type { StartOptions } from './commands/start.ts';
import type { TasksOptions } from './commands/tasks.ts';
import type { GlobalOptions } from './configured.ts';
import { complain, errorColours, EXIT_OK, EXIT_UNFINISHED, EXIT_USAGE } from './io.ts';
import type { SubmittingOptions } from './submission.ts';

type Action = () => Promise<number>;

const packageVersion = (): string => {
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

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number, 0 or more.');
  return value;
};

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

let exitCode = EXIT_OK;

const program = new Command('dispatcher')
  .description('Runs a plan, a DAG of tasks, by agents or any command, and survives being killed.')
  .version(packageVersion())
  .option('--verbose', 'show the stack of an internal error')
  .showHelpAfterError('(dispatcher --help shows the commands)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(errorColours.red(text)) });

/** A command with the options that all have; what it returns is the exit code. */
const command = (name: string, description: string): Command => {
  const made = program.command(name).description(description).exitOverride();
  return withConfig(made);
};

const withConfig = (made: Command): Command =>
  made.option('-c, --config <file>', 'configuration (default config/dispatcher.yaml, then dispatcher.yaml)', collect);

const withSubmission = (made: Command): Command =>
  made
    .option('--fresh', 'open a new run of the set, NAME@2')
    .option('--redo-changed', 'run done tasks again that have changed since')
    .option('--keep', 'leave done tasks done that have changed since')
    .option('--force', 'accept a set whose tasks wait for each other');

const withJson = (made: Command): Command => made.option('--json', 'for programs: JSON, never truncated');

const finish = async (action: Action): Promise<void> => {
  exitCode = await action();
};

withSubmission(command('run <file>', 'submit a task set, work until nothing is left to do, say how it ended')).action(
  (file: string, options: SubmittingOptions) => finish(async () => (await import('./commands/run.ts')).run(file, options)),
);
command('start', 'work until told to stop')
  .option('--until-idle', 'end when nothing is left to do')
  .action((options: StartOptions) => finish(async () => (await import('./commands/start.ts')).start(options)));
withJson(withSubmission(command('submit <file>', 'hand a task set to the dispatcher, or to the registry while none runs'))).action(
  (file: string, options: SubmittingOptions) => finish(async () => (await import('./commands/submit.ts')).submit(file, options)),
);
withJson(command('status', 'how many tasks are where, and what the pools do')).action((options: GlobalOptions) =>
  finish(async () => (await import('./commands/status.ts')).status(options)),
);
withJson(command('tasks', 'list tasks'))
  .option('--spec <name>', 'only this set')
  .option('--state <state>', 'only this state; may be given again', collect)
  .action((options: TasksOptions) => finish(async () => (await import('./commands/tasks.ts')).tasks(options)));
const task = program.command('task').description('one task').exitOverride();
withJson(withConfig(task.command('show <spec/id>').description('everything about one task').exitOverride())).action(
  (name: string, options: GlobalOptions) => finish(async () => (await import('./commands/task-show.ts')).taskShow(name, options)),
);
withJson(command('events', 'everything that happened, in order (JSON lines with --json)'))
  .addOption(new Option('--after <seq>', 'only later ones').argParser(wholeNumber))
  .option('--spec <name>', 'only of this set')
  .option('--task <spec/id>', 'only of this task')
  .action((options: EventsOptions) => finish(async () => (await import('./commands/events.ts')).events(options)));
command('logs <spec/id>', 'what the last attempt wrote')
  .addOption(new Option('--attempt <n>', 'of this attempt').argParser(wholeNumber))
  .action((name: string, options: LogsOptions) => finish(async () => (await import('./commands/logs.ts')).logs(name, options)));
withSubmission(command('validate [files...]', 'check the configuration and task sets; changes nothing')).action(
  (files: readonly string[], options: SubmittingOptions) =>
    finish(async () => (await import('./commands/validate.ts')).validate(files, options)),
);

// A reader of our output that has seen enough is not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCode);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    exitCode = error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  } else {
    const text = error instanceof Error ? error.message : String(error);
    exitCode = complain(`internal error: ${text} (--verbose shows the stack)`, EXIT_UNFINISHED);
    if (process.argv.includes('--verbose') && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  }
}
process.exitCode = exitCode;
