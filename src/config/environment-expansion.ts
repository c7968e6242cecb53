import type { Finding } from './finding.ts';
import { quoted } from './input-error.ts';
import type { DocumentPath } from './yaml-location.ts';

/** `$${` stays `${`; then `${NAME}` or `${NAME:-default}`; anything else that begins with `${` is a mistake. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

export type Environment = Readonly<Record<string, string | undefined>>;

const expandText = (text: string, env: Environment, complain: (message: string) => void): string =>
  text.replace(REFERENCE, (match: string, name: string | undefined, fallback: string | undefined) => {
    if (match === '$${') return '${';
    if (name === undefined) {
      complain('found "${" without a name; expected ${NAME} or ${NAME:-default}; write $${ to keep it as it is');
      return match;
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value !== undefined) return value;
    complain(
      `the environment variable ${quoted(name)} is not set; expected a value; ` +
        `set it, write \${${name}:-default}, or $\${${name}} to keep it for the runner's shell`,
    );
    return match;
  });

/**
 * A copy of a document's value in which every text is expanded; keys are left alone. A default is
 * used where the variable is unset or empty, as in a shell.
 *
 * @returns the copy, and a finding for each variable that is not set and has no default
 */
export const expandEnvironment = (
  value: unknown,
  env: Environment,
): { readonly value: unknown; readonly findings: readonly Finding[] } => {
  const findings: Finding[] = [];
  const expand = (node: unknown, path: DocumentPath): unknown => {
    if (typeof node === 'string') {
      if (!node.includes('${')) return node;
      return expandText(node, env, (message) => findings.push({ path, complaint: { kind: 'said', message } }));
    }
    if (Array.isArray(node)) return node.map((item, i) => expand(item, [...path, i]));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, expand(item, [...path, key])]));
  };
  return { value: expand(value, []), findings };
};
