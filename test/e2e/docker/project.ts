import { until } from '../until.ts';
import { Project, type Settings } from '../project.ts';
import { ADDRESS, assertNothingLeft, containersOf, IMAGE, removeAll } from './engine.ts';

/** A pool of the suite's image; `config` and the rest as a user writes them. */
export const dockerPool = (config: Readonly<Record<string, unknown>> = {}, rest: Readonly<Record<string, unknown>> = {}) => ({
  type: 'docker',
  max_concurrency: 8,
  ...rest,
  config: { host: ADDRESS, image: IMAGE, pull_policy: 'never', ...config },
});

export const sh = (script: string): readonly string[] => ['sh', '-c', script];

/** A test with a project of its own, after which nothing may be left: no process, no container. */
export const inDockerProject =
  (settings: Settings, body: (project: Project) => Promise<void>) => async (): Promise<void> => {
    const project = await Project.create(settings);
    try {
      await body(project);
      await project.assertNothingLeft();
      const id = await project.watch().registryId();
      if (id !== null) await assertNothingLeft(id);
    } finally {
      const id = await project.watch().registryId();
      await project.remove();
      if (id !== null) await until('its containers are removed', async () => {
        await removeAll(id);
        return (await containersOf(id)).length === 0;
      });
    }
  };
