/** `npm run diagrams`: machines/README.md from the statecharts themselves, so that neither can lie about the other. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { agentPoolMachine } from '../../machines/agent-pool/machine.ts';
import { deadlockMonitorMachine } from '../../machines/deadlock-monitor.machine.ts';
import { dispatcherMachine } from '../../machines/dispatcher/machine.ts';
import { eventRecorderMachine } from '../../machines/event-recorder.machine.ts';
import { runnerMachine } from '../../machines/runner/machine.ts';
import { taskMonitorMachine } from '../../machines/task-monitor.machine.ts';

export const README_PATH = join(import.meta.dirname, '..', '..', 'machines', 'README.md');

const MACHINES: readonly AnyStateMachine[] = [
  dispatcherMachine,
  agentPoolMachine,
  runnerMachine,
  taskMonitorMachine,
  deadlockMonitorMachine,
  eventRecorderMachine,
];

const INTRODUCTION = `# The statecharts

Generated from the machines in this folder by \`npm run diagrams\`; a test fails when it is stale.

Five kinds of actors in one system. They know each other by id and by the messages in
[messages.ts](messages.ts), and by nothing else.

* The **Dispatcher** is the root, and the one owner of queue and ledger. It tells pools what to run
  (\`runner.assign\`, \`runner.adopt\`) and how to behave (\`pool.enable\`, \`pool.drain\`, \`pool.interrupt\` …).
* Each **AgentPool** spawns a Runner for every assignment, keeps the deadlines of all its Runners in
  one heap (\`deadline.set\`, answered by \`deadline.reached\`), and tells the Dispatcher of every end
  (\`runner.settled\`) and of its own changes (\`pool.changed\`).
* Each **Runner** is one attempt at one task. All it wants from outside it asks through port actors,
  which answer by message. Whatever happens, it passes through \`settling\` once.
* The **TaskMonitor** reads the registry's change feed and tells the Dispatcher what became ready
  (\`tasks.changed\`); asked whether really nothing is left, it looks again before it answers
  (\`monitor.check\`, \`monitor.caughtUp\`).
* The **EventRecorder** stores events that belong to no change of a task's state (\`event.record\`), in
  order and once, and says when nothing waits any more (\`recorder.flush\`, \`recorder.flushed\`).

An edge is labelled with its event and, in brackets, the guard that must hold; of several edges for one
event the first whose guard holds is taken. \`always\` is taken at once. What a state does about an
event without being left is in its row of the table, "asks" names the port actor that runs while the
state lasts.
`;

const nodeId = (node: AnyStateNode): string => node.path.join('_');

const childrenOf = (node: AnyStateNode): readonly AnyStateNode[] => Object.values(node.states);

const descendants = (node: AnyStateNode): readonly AnyStateNode[] =>
  childrenOf(node).flatMap((child) => [child, ...descendants(child)]);

/** @throws if there is none: every state says what it is for */
const descriptionOf = (node: AnyStateNode): string => {
  if (node.description === undefined || node.description === '') {
    throw new Error(`${node.id} has no description; give it one in its statechart`);
  }
  return node.description;
};

const nameOf = (what: unknown, where: string): string => {
  if (typeof what === 'string') return what;
  if (typeof what === 'object' && what !== null && 'type' in what) return String(what.type);
  throw new Error(`${where}: something without a name; give it one in setup()`);
};

interface Edge {
  readonly source: AnyStateNode;
  readonly label: string;
  readonly targets: readonly AnyStateNode[];
  readonly actions: readonly string[];
}

const edgeOf = (event: string, transition: AnyTransitionDefinition): Edge => {
  const { source, guard, target, actions } = transition;
  const condition = guard === undefined ? '' : ` [${nameOf(guard, source.id)}]`;
  return {
    source,
    label: `${event}${condition}`,
    targets: target ?? [],
    actions: actions.map((action) => nameOf(action, source.id)),
  };
};

const edgesOf = (node: AnyStateNode): readonly Edge[] => [
  ...(node.always ?? []).map((transition) => edgeOf('always', transition)),
  ...node.after.map((transition) => edgeOf(`after ${nameOf(transition.delay, node.id)}`, transition)),
  ...[...node.transitions.entries()]
    .filter(([event]) => !event.startsWith('xstate.after.'))
    .flatMap(([event, transitions]) => transitions.map((transition) => edgeOf(event, transition))),
];

const stateLines = (node: AnyStateNode, indent: string): readonly string[] => {
  const title = `state "${node.key}" as ${nodeId(node)}`;
  const children = childrenOf(node);
  if (children.length === 0) return [`${indent}${title}`];
  const inner = `${indent}  `;
  return [`${indent}${title} {`, ...children.flatMap((child) => stateLines(child, inner)), ...initialLine(node, inner), `${indent}}`];
};

const initialLine = (node: AnyStateNode, indent: string): readonly string[] =>
  (node.initial?.target ?? []).map((target) => `${indent}[*] --> ${nodeId(target)}`);

/** Edges between the same two states are one arrow with all their labels. */
const edgeLines = (edges: readonly Edge[]): readonly string[] => {
  const labels = new Map<string, string[]>();
  for (const { source, label, targets } of edges) {
    for (const target of targets) {
      const arrow = `${nodeId(source)} --> ${nodeId(target)}`;
      labels.set(arrow, [...(labels.get(arrow) ?? []), label]);
    }
  }
  return [...labels].map(([arrow, all]) => `  ${arrow} : ${all.join(' or ')}`);
};

const stayingText = (node: AnyStateNode): string =>
  edgesOf(node)
    .filter(({ targets }) => targets.length === 0)
    .map(({ label, actions }) => `\`${label}\`: ${actions.join(', ')}`)
    .join('<br>');

const tableRow = (node: AnyStateNode): string => {
  const asks = node.invoke.map(({ src }) => `\`${nameOf(src, node.id)}\``).join(', ');
  const cells = [`\`${node.path.join('.')}\``, descriptionOf(node), asks, stayingText(node)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
};

const everywhere = (root: AnyStateNode): readonly string[] => {
  const edges = edgesOf(root);
  if (edges.length === 0) return [];
  const lines = edges.map(({ label, targets, actions }) => {
    const leads = targets.length === 0 ? '' : ` leads to \`${targets.map(({ path }) => path.join('.')).join(', ')}\``;
    return `* \`${label}\`${leads}${actions.length === 0 ? '' : `: ${actions.join(', ')}`}`;
  });
  return ['In every state that does not say otherwise:', '', ...lines, ''];
};

/** One machine as a section of Markdown. */
export const sectionOf = ({ id, root }: AnyStateMachine): string => {
  const nodes = descendants(root);
  const finals = nodes.filter(({ type, parent }) => type === 'final' && parent === root);
  return [
    `## ${id}`,
    '',
    descriptionOf(root),
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...childrenOf(root).flatMap((child) => stateLines(child, '  ')),
    ...initialLine(root, '  '),
    ...edgeLines(nodes.flatMap(edgesOf)),
    ...finals.map((node) => `  ${nodeId(node)} --> [*]`),
    '```',
    '',
    ...everywhere(root),
    '| state | meaning | asks | without leaving it |',
    '| --- | --- | --- | --- |',
    ...nodes.map(tableRow),
    '',
  ].join('\n');
};

/** All of machines/README.md; the same machines give the same text. */
export const readme = (): string => [INTRODUCTION, ...MACHINES.map(sectionOf)].join('\n');

if (import.meta.main) writeFileSync(README_PATH, readme());
