import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { secretsOf, type Secret } from '../domain/secrets.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { TaskDefinition } from '../domain/task.ts';
import type { EnvironmentReader } from '../ports/environment-source.ts';

type Variables = Readonly<Record<string, string>>;

/** The variables a task names without their values, looked up now. */
export const namedVariables = (
  { envFrom = {} }: TaskDefinition,
  reader: EnvironmentReader | undefined,
): Result<Variables, PortError> => {
  const found: Record<string, string> = {};
  for (const [name, source] of Object.entries(envFrom)) {
    const value = reader?.read(source) ?? err(portError('permanent', 'there is nothing to look it up in'));
    if (!value.ok) return err(portError(value.error.kind, `env.${name}: ${value.error.message}`));
    found[name] = value.value;
  }
  return ok(found);
};

/** What must not be repeated of what this attempt says: values named and not written, and those with telling names. */
export const secretsOfAttempt = (
  definition: TaskDefinition,
  pool: PoolSettings | undefined,
  reader: EnvironmentReader | undefined,
): readonly Secret[] => {
  const named = namedVariables(definition, reader);
  const looked = named.ok ? Object.entries(named.value).map(([name, value]) => ({ name, value })) : [];
  return [...looked, ...secretsOf(pool?.env ?? {}), ...secretsOf(definition.env)];
};
