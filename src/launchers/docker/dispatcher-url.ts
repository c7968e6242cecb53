import type { DockerEngine } from '../../domain/engine-settings.ts';
import type { Engine } from './engine.ts';

const LOOPBACK = /^(?:localhost|127\..*|\[::1\])$/;
const EVERYWHERE = new Set(['0.0.0.0', '[::]']);

/** Where a network's containers find this machine; `null`: the engine does not say. */
const gatewayOf = async (engine: Engine, network: string): Promise<string | null> => {
  const found = await engine.call((docker) => docker.getNetwork(network).inspect());
  if (!found.ok) return null;
  return found.value.IPAM?.Config?.find(({ Gateway }) => Gateway !== undefined && Gateway !== '')?.Gateway ?? null;
};

/**
 * The dispatcher's address as a container reaches it. One that listens everywhere is found at the
 * gateway of the container's network; one that listens to this machine alone, not at all.
 *
 * @returns `null`: no address would be of use
 */
export const urlInside = async (engine: Engine, url: string, network: DockerEngine['network']): Promise<string | null> => {
  if (network === 'host') return url;
  if (network === 'none') return null;
  const parsed = new URL(url);
  if (LOOPBACK.test(parsed.hostname)) return null;
  if (!EVERYWHERE.has(parsed.hostname)) return url;
  const gateway = await gatewayOf(engine, network ?? 'bridge');
  if (gateway === null) return null;
  parsed.hostname = gateway.includes(':') ? `[${gateway}]` : gateway;
  return parsed.href.replace(/\/$/, '');
};
