import { examineEngine } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import { fine, ill, type Diagnosis } from './diagnosis.ts';

/** The engines of pools that are not processes of this machine, each asked itself. */
export const engines = async ({ pools }: Configuration): Promise<readonly Diagnosis[]> => {
  const found = await Promise.all(
    pools
      .filter(({ enabled }) => enabled)
      .map(async ({ name, engine }) =>
        (await examineEngine(engine)).map(({ text, mend }) => (mend === null ? fine(`pool ${name}`, text) : ill(`pool ${name}`, text, mend))),
      ),
  );
  return found.flat();
};
