import { examineDockerPool } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import { fine, ill, type Diagnosis } from './diagnosis.ts';

/** The engine, image, secrets and user of each docker pool that is enabled. */
export const docker = async ({ pools }: Configuration): Promise<readonly Diagnosis[]> => {
  const found = pools.map(async ({ name, engine, enabled }) => {
    if (engine.type !== 'docker' || !enabled) return [];
    const findings = await examineDockerPool(engine);
    return findings.map(({ text, mend }) => (mend === null ? fine(`pool ${name}`, text) : ill(`pool ${name}`, text, mend)));
  });
  return (await Promise.all(found)).flat();
};
