import { z } from 'zod';
import type { KubernetesEngine } from '../../domain/engine-settings.ts';
import { connect } from './connection.ts';

/** What is used in a pool's namespace; `config/kubernetes/rbac.yaml` grants it. */
const NEEDED = [
  ['create', 'batch', 'jobs', ''],
  ['list', 'batch', 'jobs', ''],
  ['watch', 'batch', 'jobs', ''],
  ['delete', 'batch', 'jobs', ''],
  ['list', '', 'pods', ''],
  ['watch', '', 'pods', ''],
  ['delete', '', 'pods', ''],
  ['get', '', 'pods', 'log'],
] as const;

const PATIENCE_MS = 5_000;

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

export interface Examined {
  readonly fine: boolean;
  readonly text: string;
  /** How to mend what is not fine. */
  readonly mend: string;
}

const ill = (text: string, mend: string): Examined => ({ fine: false, text, mend });

/** Whether a pool's cluster is reached, its namespace is there, and everything needed in it is allowed. */
export const examineKubernetes = async (engine: KubernetesEngine): Promise<Examined> => {
  const connection = connect(engine);
  if (!connection.ok) return ill(connection.error.message, 'then look again');
  const { api, namespace, described } = connection.value;
  try {
    const answers = await api.ping(PATIENCE_MS);
    if (!answers.ok) return ill(`${described} does not answer: ${answers.error.message}`, 'start the cluster, or mend the kubeconfig');
    const missing: string[] = [];
    for (const [verb, group, resource, subresource] of NEEDED) {
      const resourceAttributes = { namespace, verb, group, resource, subresource };
      const spec = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
      const review = await api.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', spec);
      if (!review.ok) return ill(`${described} does not say what we may: ${review.error.message}`, 'log in anew, or mend the kubeconfig');
      if (reviewSchema.safeParse(review.value).data?.status.allowed !== true) {
        missing.push(`${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`);
      }
    }
    if (missing.length > 0) {
      return ill(`${described}: we may not ${missing.join(', ')}`, `kubectl apply --namespace ${namespace} -f config/kubernetes/rbac.yaml`);
    }
    const found = await api.get(`/api/v1/namespaces/${namespace}`);
    // One who may work in a namespace need not be allowed to look at it.
    if (!found.ok && found.error.status === 404) return ill(`${described}: there is no such namespace`, `kubectl create namespace ${namespace}`);
    return { fine: true, text: described, mend: '' };
  } finally {
    api.close();
  }
};
