import { examineKubernetesPool } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import { fine, ill, type Diagnosis } from './diagnosis.ts';

/** The cluster, namespace and permissions of each kubernetes pool that is enabled. */
export const kubernetes = ({ pools }: Configuration): Promise<readonly Diagnosis[]> =>
  Promise.all(
    pools.flatMap(({ name, engine, enabled }) => {
      if (engine.type !== 'kubernetes' || !enabled) return [];
      const examined = examineKubernetesPool(engine);
      return [examined.then(({ fine: isFine, text, mend }) => (isFine ? fine(`pool ${name}`, text) : ill(`pool ${name}`, text, mend)))];
    }),
  );
