import { legible } from '../../config/input-error.ts';
import type { Agent } from './agents.ts';
import type { Survey } from './survey.ts';

/** Runners at once: what a laptop bears, of agents that mostly wait for an answer. */
const RUNNERS = 4;

const LONGEST_LINE = 400;

const listed = (names: readonly string[]): string => names.join(', ');

/** What was found, a line each. */
export const findings = (found: Survey): readonly string[] => {
  const { git, languages, scripts, agents, plans, dockerSocket, kubeconfig } = found;
  const lines = [
    { none: 'no git repository', withoutCommit: 'a git repository without a commit', repository: 'a git repository' }[git],
    ...(languages.length === 0 ? [] : [`languages: ${listed(languages)}`]),
    ...(scripts.length === 0 ? [] : [`scripts in package.json: ${listed(scripts)}`]),
    agents.length === 0 ? 'no agent on the PATH' : `agents on the PATH: ${listed(agents.map(({ program }) => program))}`,
    ...(plans.length === 0 ? [] : [`plans: ${listed(plans)}`]),
    ...(dockerSocket === null ? [] : [`a Docker engine at ${dockerSocket}`]),
    ...(kubeconfig === null ? [] : [`a cluster's configuration: ${kubeconfig}`]),
  ];
  // Names of strangers' files go into comments: a line break in one must not end the comment.
  return lines.map((line) => legible(line, LONGEST_LINE));
};

/** JSON is YAML, and quotes what has to be quoted. */
const argv = (command: readonly string[]): string => `[${command.map((part) => JSON.stringify(part)).join(', ')}]`;

const workspaces = (git: Survey['git']): readonly string[] =>
  git === 'repository'
    ? [
        '  # Each runner gets a worktree of this repository and a branch task/<spec>/<id>/<attempt>. What it leaves',
        '  # uncommitted is kept under refs/salvage (see `dispatcher salvage`). Or: git-clone, directory.',
        '  type: git-worktree',
        '  repo: .',
      ]
    : [
        '  # Each runner gets an empty folder. In a git repository that has a commit: git-worktree, with repo: .',
        '  type: directory',
      ];

const agentLines = ({ program, command }: Agent): readonly string[] => [
  `      # ${program}: look at its own documentation for what it may do without asking.`,
  `      command: ${argv(command)}`,
];

/** Runners get an allow-list of variables only. */
const keyLines = (agent: Agent | undefined): readonly string[] => {
  const key = agent?.key ?? 'MY_KEY';
  return [`      # Variables beside those that every runner gets, such as { ${key}: "\${${key}}" }.`, '      env: {}'];
};

const commandLines = ([first, ...others]: readonly Agent[], scripts: readonly string[]): readonly string[] => {
  if (first === undefined) {
    return [
      '      # No agent was found. A plan whose tasks name their own `command:` needs none here.',
      '      # command: ["my-agent", "{{task.title}}", "{{task.description}}"]',
    ];
  }
  return [
    '      # For tasks that name no command of their own: arguments, never read by a shell. {{task.title}},',
    '      # {{task.description}}, {{slot.path}} and the like are filled in for each task.',
    ...agentLines(first),
    ...others.map(({ command }) => `      # command: ${argv(command)}`),
    ...(scripts.length === 0 ? [] : [`      # A task may also run a script: command: ["npm", "run", ${JSON.stringify(scripts[0])}]`]),
  ];
};

const engineLines = ({ dockerSocket, kubeconfig }: Survey): readonly string[] => [
  ...(dockerSocket === null ? [] : [`  # A Docker engine is at ${dockerSocket}: a pool of \`type: docker\` runs tasks in containers there.`]),
  ...(kubeconfig === null ? [] : [`  # ${JSON.stringify(kubeconfig)} names a cluster: a pool of \`type: kubernetes\` runs tasks as Jobs there.`]),
];

/** A configuration for what was found, with the reasons in it. */
export const configurationText = (found: Survey): string =>
  [
    '# How the dispatcher works in this folder; written by `dispatcher init`. Change what you like, then look at it',
    '# with `dispatcher validate` and `dispatcher doctor`. Every key may be left out.',
    '# Durations: seconds, or "500ms", "30s", "5m", "2h". ${NAME} is replaced from the environment where it is a value.',
    '#',
    ...findings(found).map((line) => `# Found: ${line}.`),
    '',
    'dispatcher:',
    '  # Runners at the same time, over all pools.',
    `  max_global_concurrency: ${RUNNERS}`,
    '  # Longest run time of one attempt.',
    '  timeout: 2h',
    '  # A failed attempt is tried again after 10 s, 20 s … until so many have been made.',
    '  retry: { max_attempts: 3, initial_interval: 10, backoff_base: 2, max_interval: 300 }',
    '  # How long Ctrl-C waits for what runs before it is stopped; its tasks go back to the queue.',
    '  graceful_shutdown: { timeout: 300, on_shutdown: stop }',
    '',
    '# The system of record: tasks, attempts, events. Logs and tokens lie beside it.',
    'registry: { type: sqlite, path: ./.dispatcher/registry.db }',
    '',
    '# Workspaces, each lent to one runner at a time.',
    'repo_pool:',
    ...workspaces(found.git),
    `  slots: ${RUNNERS}`,
    '',
    '# Where runners run.',
    'agent_pools:',
    '  local:',
    '    # Processes of this machine, as the user who starts the dispatcher.',
    '    type: local-process',
    `    max_concurrency: ${RUNNERS}`,
    '    config:',
    ...commandLines(found.agents, found.scripts),
    ...keyLines(found.agents[0]),
    ...engineLines(found),
    '',
    '# Pools by what a task names as `required_skill`, in order of preference; `default`: all others.',
    'skill_mapping:',
    '  default: [local]',
    '',
  ].join('\n');
