import { Identities } from './identity.ts';
import type { OutlineNode } from './outline-node.ts';
import { quote, type PlanFinding } from './plan.ts';

/** The ids of all nodes, in their order, and what had to be renamed. */
export interface Names {
  readonly ids: readonly string[];
  readonly identities: Identities;
  readonly findings: readonly PlanFinding[];
}

/** Written numbers first, so that no name made from a title takes one; then the others from the top down. */
export const namesOf = (nodes: readonly OutlineNode[]): Names => {
  const identities = new Identities();
  const findings: PlanFinding[] = [];
  const ids = new Map<OutlineNode, string>();
  const take = (node: OutlineNode, wished: string): void => {
    const id = identities.take(wished);
    ids.set(node, id);
    if (id === wished) return;
    const text = `${quote(wished)} is the number of an earlier task, too; this one is called ${id}`;
    findings.push({ line: node.line, kind: 'duplicate-id', text });
  };
  for (const node of nodes) if (node.written !== null && !node.isLocal) take(node, node.written);
  const told = new Set<OutlineNode>();
  for (const node of nodes) {
    const parent = node.parent === null ? null : (ids.get(node.parent) ?? null);
    if (node.written === null) ids.set(node, identities.takeDerived(node.title, parent));
    else if (node.isLocal) {
      take(node, parent === null ? node.written : `${parent}.${node.written}`);
      if (node.parent === null || told.has(node.parent)) continue;
      told.add(node.parent);
      const text = `numbers begin anew below ${parent ?? ''}; this task is called ${ids.get(node) ?? ''}`;
      findings.push({ line: node.line, kind: 'number', text });
    }
  }
  return { ids: nodes.map((node) => ids.get(node) ?? ''), identities, findings };
};
