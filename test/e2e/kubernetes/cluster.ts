import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { KubernetesEngine } from '../../../src/domain/engine-settings.ts';
import { connect } from '../../../src/launchers/kubernetes/connection.ts';
import type { KubernetesApi } from '../../../src/launchers/kubernetes/api.ts';
import { eventually } from '../../conformance/launcher/fixture.ts';
import { kubernetesEngine } from '../../engines.ts';

const preparedSchema = z.object({
  kubeconfig: z.string(),
  image: z.string(),
  pullPolicy: z.enum(['always', 'if-not-present', 'never']),
});

/** What `prepare` has found or made. */
export const prepared = preparedSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../node_modules/.cache/e2e-kubernetes.json'), 'utf8')),
);

const listSchema = z.object({ items: z.array(z.record(z.string(), z.unknown())) });

/** A namespace of this run alone. */
export interface TestNamespace {
  readonly name: string;
  readonly api: KubernetesApi;
  engine(over?: Partial<KubernetesEngine>): KubernetesEngine;
  /** `jobs` or `pods`, as they are now. */
  list(kind: 'jobs' | 'pods'): Promise<readonly Readonly<Record<string, unknown>>[]>;
  create(path: string, object: unknown): Promise<void>;
  remove(): Promise<void>;
}

const engineOf = (namespace: string, over: Partial<KubernetesEngine> = {}): KubernetesEngine =>
  kubernetesEngine({ ...prepared, namespace, longestGraceMs: 1_000, ...over });

export const apiOf = (over: Partial<KubernetesEngine> = {}): KubernetesApi => {
  const connection = connect(engineOf('default', over));
  assert.ok(connection.ok, connection.ok ? '' : connection.error.message);
  return connection.value.api;
};

/** Makes a namespace and waits until pods are admitted to it. */
export const makeNamespace = async (): Promise<TestNamespace> => {
  const name = `dispatcher-e2e-${randomBytes(4).toString('hex')}`;
  const api = apiOf();
  const create = async (path: string, object: unknown): Promise<void> => {
    const made = await api.post(path, object);
    assert.ok(made.ok, made.ok ? '' : made.error.message);
  };
  await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await eventually('the namespace has a service account', async () => {
    return (await api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`)).ok;
  });
  return {
    name,
    api,
    create,
    engine: (over) => engineOf(name, over),
    list: async (kind) => {
      const base = kind === 'jobs' ? '/apis/batch/v1' : '/api/v1';
      const found = await api.get(`${base}/namespaces/${name}/${kind}`);
      assert.ok(found.ok, found.ok ? '' : found.error.message);
      return listSchema.parse(found.value).items;
    },
    remove: async () => {
      await api.delete(`/api/v1/namespaces/${name}`, { propagationPolicy: 'Background' });
    },
  };
};
