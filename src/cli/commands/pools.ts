import { quoted } from '../../config/input-error.ts';
import { nearestName } from '../../config/nearest-name.ts';
import { statusReport, type PoolReport } from '../../server/status.ts';
import { ApiClient } from '../client.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { table } from '../output/table.ts';
import { waitingWithoutDispatcher } from '../present.ts';
import { reading } from '../reading.ts';

const ORDERS = { enable: 'enabled', disable: 'disabled', drain: 'draining' } as const;
const ACTIONS = ['list', ...Object.keys(ORDERS), 'resize'] as const;

type Change = { readonly state: string } | { readonly max_concurrency: number };

const share = (used: number | null, quota: number | null): string =>
  quota === null ? '' : `${used ?? '?'}/${quota}`;

const show = (pools: readonly PoolReport[], options: GlobalOptions): number => {
  if (options.json === true) {
    printJson(pools);
    return EXIT_OK;
  }
  const rows = pools.map((pool) => [
    pool.name,
    pool.type,
    pool.state,
    `${pool.running}/${pool.max_concurrency}`,
    share(pool.cpu_reserved, pool.cpu_quota),
    share(pool.memory_reserved, pool.memory_quota),
    pool.reason ?? '',
  ]);
  print(table(['POOL', 'TYPE', 'STATE', 'RUNNING', 'CPU', 'MEMORY (MB)', 'REASON'], rows));
  return EXIT_OK;
};

const list = async (options: GlobalOptions, client: ApiClient | null): Promise<number> => {
  if (client !== null) {
    const report = await client.status();
    return report.ok ? show(report.value.pools, options) : complain(report.error.message, EXIT_UNFINISHED);
  }
  return reading(options, async (registry, configuration) => {
    const report = await statusReport(registry, configuration.pools, () => null, waitingWithoutDispatcher(configuration));
    return report.ok ? show(report.value.pools, options) : complain(report.error.message, EXIT_UNFINISHED);
  });
};

/** What is to be changed, or what is wrong with how it was asked for. */
const changeOf = (action: string, limit: string | undefined): Change | string => {
  const state = Object.entries(ORDERS).find(([name]) => name === action)?.[1];
  if (state !== undefined) return limit === undefined ? { state } : `pools ${action} takes one name; take ${quoted(limit)} out`;
  const wanted = limit === undefined ? Number.NaN : Number(limit);
  if (limit?.trim() !== '' && Number.isInteger(wanted)) return { max_concurrency: wanted };
  return `pools resize: expected how many may run at once after the name, a whole number of at least 1; found ${quoted(limit ?? 'nothing')}`;
};

const unknownAction = (action: string): string => {
  const nearest = nearestName(action, ACTIONS);
  const mend = nearest === null ? `expected one of ${ACTIONS.join(', ')}` : `did you mean ${quoted(nearest)}?`;
  return `pools ${quoted(action)}: there is no such order; ${mend}`;
};

const change = async (client: ApiClient | null, name: string, what: Change, options: GlobalOptions): Promise<number> => {
  if (client === null) {
    return complain(
      'no dispatcher runs, and only a live one takes orders for its pools; start one, or change agent_pools in the configuration',
      EXIT_UNFINISHED,
    );
  }
  const answer = await client.changePool(name, what);
  if (!answer.ok) return complain(answer.error.message, EXIT_UNFINISHED);
  if (options.json === true) printJson(answer.value);
  else print(`pool ${answer.value.name} is ${answer.value.state}; ${answer.value.running} of ${answer.value.max_concurrency} run`);
  return EXIT_OK;
};

/** `pools [list|enable|disable|drain|resize NAME [N]]`. */
export const pools = async (
  action: string,
  name: string | undefined,
  limit: string | undefined,
  options: GlobalOptions,
): Promise<number> => {
  if (!(ACTIONS as readonly string[]).includes(action)) return complain(unknownAction(action));
  const isList = action === 'list';
  if (isList && name !== undefined) return complain(`pools list takes no name; take ${quoted(name)} out`);
  if (!isList && name === undefined) return complain(`pools ${action}: expected the name of a pool; \`dispatcher pools\` lists them`);
  const what = isList ? null : changeOf(action, limit);
  if (typeof what === 'string') return complain(what);
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const client = await ApiClient.connect(configuration.value.stateDir);
  return what === null || name === undefined ? list(options, client) : change(client, name, what, options);
};
