/** A coding agent that works without a person at its terminal. */
export interface Agent {
  readonly program: string;
  /** argv; what stands in double braces is filled in for each task. */
  readonly command: readonly string[];
  /** The variable that its key comes in, where it takes one. */
  readonly key: string | null;
}

const PROMPT = '{{task.title}}\n\n{{task.description}}';

/** Agents and how each is started for one task, by their own documentation. In the order of preference. */
export const AGENTS: readonly Agent[] = [
  { program: 'claude', command: ['claude', '-p', PROMPT, '--permission-mode', 'acceptEdits'], key: 'ANTHROPIC_API_KEY' },
  { program: 'codex', command: ['codex', 'exec', '--full-auto', PROMPT], key: 'OPENAI_API_KEY' },
  { program: 'gemini', command: ['gemini', '--approval-mode', 'auto_edit', '-p', PROMPT], key: 'GEMINI_API_KEY' },
  { program: 'opencode', command: ['opencode', 'run', PROMPT], key: null },
  { program: 'aider', command: ['aider', '--yes-always', '--message', PROMPT], key: 'OPENAI_API_KEY' },
];
