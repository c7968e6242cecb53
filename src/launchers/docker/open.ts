import type { DockerEngine } from '../../domain/engine-settings.ts';
import { event } from '../../domain/events.ts';
import type { PortError } from '../../domain/failures.ts';
import { parseTaskKey } from '../../domain/ids.ts';
import type { Result } from '../../domain/result.ts';
import type { Launcher, LaunchIntent } from '../../ports/launcher.ts';
import type { LauncherTerms } from '../launcher-terms.ts';
import { engineAddress } from './engine.ts';
import { createDockerLauncher } from './launcher.ts';
import type { PullNews } from './terms.ts';

const tellPull = ({ preparing, record }: LauncherTerms, news: PullNews, intent: LaunchIntent): void => {
  const key = parseTaskKey(intent.task);
  const { attempt, runnerId, pool } = intent;
  const about = { spec: key?.spec ?? null, taskId: key?.id ?? null, attempt, runnerId, pool };
  if (news.kind === 'pulled') {
    record(event('ImagePulled', Date.now(), 'dispatcher', { ...about, durationMs: news.durationMs, details: { image: news.image } }));
    return;
  }
  preparing(`pulling image ${news.image}${news.progress === null ? '' : `: ${news.progress}`}`, intent);
  const details = { image: news.image, ...(news.progress === null ? {} : { progress: news.progress }) };
  record(event('ImagePulling', Date.now(), 'dispatcher', { ...about, details }));
};

/** The launcher of one engine, whatever pools use it. */
export const openDockerLauncher = (engine: DockerEngine, terms: LauncherTerms): Result<Launcher, PortError> => {
  const { environment, registryId } = terms;
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  return createDockerLauncher({
    registryId,
    environment,
    address: engineAddress(engine.host, environment),
    owner: uid === undefined || gid === undefined ? null : { uid, gid },
    pulling: (news, intent) => tellPull(terms, news, intent),
    tell: terms.tell,
  });
};
