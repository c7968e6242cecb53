import { existsSync, readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import type { KubernetesEngine } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { KubernetesApi } from './api.ts';

/** What a pod is given of its own service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface Connection {
  readonly api: KubernetesApi;
  readonly namespace: string;
  /** Where it leads and by what, for people. */
  readonly described: string;
}

const firstLine = (error: unknown): string => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));

const inCluster = (): boolean =>
  process.env['KUBERNETES_SERVICE_HOST'] !== undefined && existsSync(`${SERVICE_ACCOUNT}/token`);

const NOWHERE =
  'kubernetes: no kubeconfig (KUBECONFIG is not set, ~/.kube/config is not there) and no service account of a pod; ' +
  'set KUBECONFIG, or name the file in the pool’s config.kubeconfig';

const hasKubeconfig = (): boolean => {
  const named = process.env['KUBECONFIG'] ?? '';
  return named !== '' || existsSync(`${process.env['HOME'] ?? ''}/.kube/config`);
};

const load = ({ kubeconfig }: KubernetesEngine): Result<{ config: KubeConfig; source: string }, PortError> => {
  const config = new KubeConfig();
  const source = kubeconfig ?? (hasKubeconfig() ? (process.env['KUBECONFIG'] ?? '~/.kube/config') : 'service account');
  try {
    if (kubeconfig !== null) config.loadFromFile(kubeconfig);
    else if (hasKubeconfig()) config.loadFromDefault();
    else if (inCluster()) config.loadFromCluster();
    else return err(portError('permanent', NOWHERE));
    return ok({ config, source });
  } catch (error) {
    return err(portError('permanent', `kubernetes: the kubeconfig ${source} cannot be read (${firstLine(error)}); mend or rename it`));
  }
};

const ownNamespace = (): string | null => {
  try {
    return readFileSync(`${SERVICE_ACCOUNT}/namespace`, 'utf8').trim() || null;
  } catch {
    return null;
  }
};

/** Reads who we are and where the server is. Sends nothing. */
export const connect = (engine: KubernetesEngine): Result<Connection, PortError> => {
  const loaded = load(engine);
  if (!loaded.ok) return loaded;
  const { config, source } = loaded.value;
  if (engine.context !== null) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(engine.context)) {
      const message = `${source} has no context ${JSON.stringify(engine.context)}; it has ${known.join(', ') || 'none'}`;
      return err(portError('permanent', `kubernetes: ${message}`));
    }
    config.setCurrentContext(engine.context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    return err(portError('permanent', `kubernetes: ${source} names no current context with a cluster; set one, or config.context`));
  }
  const current = config.getContextObject(config.getCurrentContext());
  const namespace = engine.namespace ?? current?.namespace ?? ownNamespace() ?? 'default';
  const described = `${cluster.server}, namespace ${namespace} (by ${source})`;
  return ok({ api: new KubernetesApi(config, cluster.server), namespace, described });
};
