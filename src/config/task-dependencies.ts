import { findCycles } from '../domain/dependency-graph.ts';
import { parseTaskKey, taskId, taskKey, type SpecName, type TaskKey } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { nameProblem } from './field.ts';
import type { Finding } from './finding.ts';
import { legible, quoted } from './input-error.ts';
import { nearestName } from './nearest-name.ts';
import type { DocumentPath } from './yaml-location.ts';

/** The parts of a written task that matter here. */
interface Dependent {
  readonly id: string;
  readonly dependencies?: readonly string[] | null | undefined;
}

/** Names of a long cycle that are worth reading. */
const SHOWN_OF_CYCLE = 12;
/** Looking for the nearest of 100,000 ids takes a while; nobody reads more suggestions than these. */
const MAX_SUGGESTIONS = 20;

const said = (path: DocumentPath, message: string): Finding => ({ path, complaint: { kind: 'said', message } });

/** Ids that are there twice, each named with the place of its first. */
const duplicateIds = (tasks: readonly Dependent[]): readonly Finding[] => {
  const first = new Map<string, number>();
  const findings: Finding[] = [];
  for (const [i, task] of tasks.entries()) {
    const earlier = first.get(task.id);
    if (earlier === undefined) first.set(task.id, i);
    else {
      const message = `id ${quoted(task.id)} is that of tasks[${earlier}], too`;
      findings.push(said(['tasks', i, 'id'], `${message}; expected an id of its own; rename one of them`));
    }
  }
  return findings;
};

/**
 * Turns dependencies as written into full keys. A text that is an id of the set means that task, even
 * when it holds a slash; else `set/id` names a task of another set, which need not exist yet.
 */
class Resolver {
  private readonly spec: SpecName;
  private readonly ids: ReadonlySet<string>;
  private suggestions = 0;

  constructor(spec: SpecName, ids: ReadonlySet<string>) {
    this.spec = spec;
    this.ids = ids;
  }

  resolve(written: string): Result<TaskKey, string> {
    if (this.ids.has(written)) return ok(taskKey(this.spec, taskId(written)));
    const key = parseTaskKey(written);
    if (key === null) return err(this.unknown(written));
    if (key.spec === this.spec) return this.ids.has(key.id) ? ok(key.key) : err(this.unknown(key.id));
    return nameProblem(key.spec, false) === null ? ok(key.key) : err(this.unknown(written));
  }

  private unknown(id: string): string {
    this.suggestions += 1;
    const nearest = this.suggestions > MAX_SUGGESTIONS ? null : nearestName(id, this.ids);
    const mend = nearest === null ? 'add the task, or drop the dependency' : `did you mean ${quoted(nearest)}?`;
    const expected = "expected one of its ids, or set/id for another set's";
    return `no task of this set has the id ${quoted(id)}; ${expected}; ${mend}`;
  }
}

const cyclePath = (cycle: readonly string[]): string => {
  const names = cycle.map((name) => legible(name));
  if (names.length <= SHOWN_OF_CYCLE) return names.join(' → ');
  const hidden = names.length - SHOWN_OF_CYCLE;
  return [...names.slice(0, SHOWN_OF_CYCLE - 1), `… ${hidden} more …`, names.at(-1)].join(' → ');
};

const cycles = (
  tasks: readonly Dependent[],
  keys: readonly (readonly TaskKey[])[],
  spec: SpecName,
): readonly Finding[] => {
  const position = new Map(tasks.map((task, i) => [taskKey(spec, taskId(task.id)), i]));
  const graph = new Map([...position].map(([key, i]) => [key as string, keys[i] ?? []]));
  return findCycles(graph).map((cycle) => {
    const start = position.get((cycle[0] ?? '') as TaskKey) ?? 0;
    const ids = cycle.map((key) => key.slice(spec.length + 1));
    const message =
      cycle.length === 2
        ? `task ${quoted(ids[0] ?? '')} depends on itself; expected other tasks; drop this dependency`
        : `these tasks wait for each other: ${cyclePath(ids)}; expected no cycle; drop one of these dependencies`;
    return said(['tasks', start, 'dependencies'], message);
  });
};

/**
 * Checks what tasks say about each other.
 *
 * @param force leaves cycles alone; they are reported as deadlocks once they run
 * @returns the full keys of each task's dependencies, each once, and what is wrong
 */
export const resolveDependencies = (
  spec: SpecName,
  tasks: readonly Dependent[],
  force: boolean,
): { readonly keys: readonly (readonly TaskKey[])[]; readonly findings: readonly Finding[] } => {
  const resolver = new Resolver(spec, new Set(tasks.map((task) => task.id)));
  const findings: Finding[] = [...duplicateIds(tasks)];
  const keys = tasks.map((task, i) => {
    const resolved = new Set<TaskKey>();
    for (const [j, written] of (task.dependencies ?? []).entries()) {
      const key = resolver.resolve(written);
      if (key.ok) resolved.add(key.value);
      else findings.push(said(['tasks', i, 'dependencies', j], key.error));
    }
    return [...resolved];
  });
  return { keys, findings: force ? findings : [...findings, ...cycles(tasks, keys, spec)] };
};
