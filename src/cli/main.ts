// First, for what follows is loaded into that heap.
import './small-heap.ts';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { DeadlocksOptions } from './commands/deadlocks.ts';
import type { DrainOptions } from './commands/drain.ts';
import type { EventsOptions } from './commands/events.ts';
import type { InitOptions } from './commands/init.ts';
import type { LogsOptions } from './commands/logs.ts';
import type { RestoreOptions } from './commands/salvage.ts';
import type { StartOptions } from './commands/start.ts';
import type { TasksOptions } from './commands/tasks.ts';
import type { RunOptions } from './commands/run.ts';
import type { PlanOptions } from './commands/plan.ts';
import type { GlobalOptions } from './configured.ts';
import { complain, errorColours, EXIT_OK, EXIT_UNFINISHED, EXIT_USAGE } from './io.ts';
import type { SimulateOptions } from './commands/simulate.ts';
import type { SubmittingOptions } from './submission.ts';
import { LOG_LEVELS } from '../telemetry/log-entry.ts';
import { packageVersion } from '../telemetry/package-version.ts';
import type { WhatIfOptions } from './commands/what-if.ts';
import type { Wish } from './wish.ts';

type Action = () => Promise<number>;

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number, 0 or more.');
  return value;
};

const positiveNumber = (text: string): number => {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('expected a whole number of at least 1.');
  return value;
};

const integer = (text: string): number => {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('expected a whole number; a higher one runs first.');
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
    .option('--force', 'accept a set whose tasks wait for each other')
    .option('--parallel', 'of a Markdown plan: no task waits for another only because it stands below it');

const withJson = (made: Command): Command => made.option('--json', 'for programs: JSON, never truncated');

const finish = async (action: Action): Promise<void> => {
  exitCode = await action();
};

command('init', 'look at this folder and write a configuration for it')
  .option('--force', 'also over one that is there')
  .action((options: InitOptions) => finish(async () => (await import('./commands/init.ts')).init(options)));
withJson(command('doctor', 'look at everything the configuration names, and say how to mend what is wrong')).action(
  (options: GlobalOptions) => finish(async () => (await import('./commands/doctor.ts')).doctor(options)),
);
withJson(command('plan <file>', 'how a task set or Markdown plan is read: order, pools, everything doubtful; runs nothing'))
  .option('--force', 'accept a set whose tasks wait for each other')
  .option('--parallel', 'of a Markdown plan: no task waits for another only because it stands below it')
  .action((file: string, options: PlanOptions) => finish(async () => (await import('./commands/plan.ts')).plan(file, options)));
withSubmission(command('run <file>', 'submit a task set, work until nothing is left to do, say how it ended'))
  .option('--sync', 'tick the boxes of a Markdown plan as its tasks end')
  .action((file: string, options: RunOptions) => finish(async () => (await import('./commands/run.ts')).run(file, options)));
command('start', 'work until told to stop')
  .option('--until-idle', 'end when nothing is left to do')
  .option('--standby', 'while another has the registry, wait; take over when it ends, or hangs')
  .addOption(new Option('--log-format <format>', 'text is what run shows (default: pretty on a terminal, else json)').choices(['json', 'pretty', 'text']))
  .addOption(new Option('--log-level <level>', 'the least that is written, in pretty and json').choices(LOG_LEVELS).default('info'))
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
const operate = (name: string, wish: Wish, options: GlobalOptions): Promise<void> =>
  finish(async () => (await import('./commands/task-operate.ts')).taskOperate(name, wish, options));
const ofTask = (usage: string, description: string): Command =>
  withJson(withConfig(task.command(usage).description(description).exitOverride()));
ofTask('priority <spec/id>', 'a higher one runs first; counts at once')
  .addArgument(new Argument('<number>', 'the new priority').argParser(integer))
  .action((name: string, priority: number, options: GlobalOptions) => operate(name, { kind: 'setPriority', priority }, options));
const WISHES = {
  cancel: 'never start it or, if it runs, stop it',
  retry: 'from the start again: one that failed, was cancelled or skipped, or backs off',
  skip: 'count it as done for those that depend on it',
} as const;
for (const kind of ['cancel', 'retry', 'skip'] as const) {
  ofTask(`${kind} <spec/id>`, WISHES[kind])
    .option('--reason <text>', 'why, for those who read the events')
    .action((name: string, options: GlobalOptions & { readonly reason?: string }) =>
      operate(name, { kind, reason: options.reason ?? null }, options),
    );
}
ofTask('drop-dependency <spec/id> <dependency>', 'wait no more for this one: an id of its set, or SPEC/ID').action(
  (name: string, dependency: string, options: GlobalOptions) => operate(name, { kind: 'dropDependency', dependency }, options),
);
withJson(command('why <spec/id>', 'why a task does not run')).action((name: string, options: GlobalOptions) =>
  finish(async () => (await import('./commands/why.ts')).why(name, options)),
);
withJson(command('deadlocks', 'what can never go on, why, and the commands that resolve it'))
  .option('--check', 'exit code 1 if there is anything')
  .action((options: DeadlocksOptions) => finish(async () => (await import('./commands/deadlocks.ts')).deadlocks(options)));
withJson(command('pools [order] [name] [limit]', 'list pools; or enable, disable, drain or resize the one named (needs a live dispatcher)')).action(
  (order: string | undefined, name: string | undefined, limit: string | undefined, options: GlobalOptions) =>
    finish(async () => (await import('./commands/pools.ts')).pools(order ?? 'list', name, limit, options)),
);
withJson(command('reload', 'read the configuration again, and go by it from now on (as SIGHUP does)')).action((options: GlobalOptions) =>
  finish(async () => (await import('./commands/reload.ts')).reload(options)),
);
withJson(command('drain', 'start nothing more, wait for what runs, then end the dispatcher'))
  .option('--wait', 'come back once it has ended')
  .addHelpText('after', '\nIt waits without a limit; a signal to the dispatcher sets the one of graceful_shutdown.')
  .action((options: DrainOptions) => finish(async () => (await import('./commands/drain.ts')).drain(options)));
withJson(command('events', 'everything that happened, in order (JSON lines with --json)'))
  .addOption(new Option('--after <seq>', 'only later ones').argParser(wholeNumber))
  .option('--spec <name>', 'only of this set')
  .option('--task <spec/id>', 'only of this task')
  .action((options: EventsOptions) => finish(async () => (await import('./commands/events.ts')).events(options)));
command('logs <spec/id>', 'what the last attempt wrote')
  .addOption(new Option('--attempt <n>', 'of this attempt').argParser(wholeNumber))
  .action((name: string, options: LogsOptions) => finish(async () => (await import('./commands/logs.ts')).logs(name, options)));
const salvage = program.command('salvage').description('work that runners left in their slots, on no branch').exitOverride();
withJson(withConfig(salvage.command('list', { isDefault: true }).description('list it').exitOverride())).action(
  (options: GlobalOptions) => finish(async () => (await import('./commands/salvage.ts')).salvageList(options)),
);
withConfig(salvage.command('restore <spec/id>').description('bring it back: by default on a branch salvage/SPEC/ID/ATTEMPT').exitOverride())
  .addOption(new Option('--attempt <n>', 'of this attempt (default: the latest that left something)').argParser(wholeNumber))
  .option('--to <folder>', 'write the files there instead')
  .option('--branch <name>', 'on this branch')
  .option('--force', 'overwrite files, move the branch')
  .action((name: string, options: RestoreOptions) =>
    finish(async () => (await import('./commands/salvage.ts')).salvageRestore(name, options)),
  );
withSubmission(command('validate [files...]', 'check the configuration and task sets; changes nothing')).action(
  (files: readonly string[], options: SubmittingOptions) =>
    finish(async () => (await import('./commands/validate.ts')).validate(files, options)),
);

withJson(command('simulate', 'what if: run task sets with this configuration in virtual time; without --taskset: run the dispatcher under faults and an auditor'))
  .option('--taskset <file>', 'what if these were run; may be given again', collect)
  .option('--durations <file>', 'how long tasks take; or "learned": from past attempts in the registry')
  .option('--policy <name>', 'with this scheduling policy; may be given again, to compare', collect)
  .option('--pool <name=n>', 'with this many at once in this pool; may be given again, to compare', collect)
  .addOption(new Option('--samples <n>', 'so many runs where durations vary').argParser(positiveNumber))
  .option('--svg <file>', 'draw who runs where and when')
  .option('--force', 'accept a set whose tasks wait for each other')
  .option('--parallel', 'of a Markdown plan: no task waits for another only because it stands below it')
  .addOption(new Option('--seed <n>', 'where luck comes from (default: any)').argParser(integer))
  .addOption(new Option('--runs <n>', 'so many plans, of this seed and those after it; 0: until told to stop').argParser(wholeNumber).default(1))
  .addOption(new Option('--preset <name>', 'what plans to draw').choices(['calm', 'lite', 'swarm']).default('lite'))
  .option('--plan <file>', 'this plan, in JSON, instead of drawn ones')
  .option('--show-plan', 'print the plan, run nothing')
  .option('--coverage', 'tell which states and transitions were reached; exit 1 if not all were')
  .addHelpText('after', '\nOf the auditor\'s runs the last line is the hash of their traces.')
  .action((options: SimulateOptions & WhatIfOptions) =>
    finish(async () =>
      options.taskset === undefined
        ? (await import('./commands/simulate.ts')).simulate(options)
        : (await import('./commands/what-if.ts')).whatIf(options),
    ),
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
