import { waitingLine } from '../../scheduling/waiting.ts';
import { statusReport, type StatusReport } from '../../server/status.ts';
import { ApiClient } from '../client.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { colours, complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { countsLine } from '../output/state-colour.ts';
import { table } from '../output/table.ts';
import { waitingWithoutDispatcher } from '../present.ts';
import { reading } from '../reading.ts';

const show = (report: StatusReport, from: string, options: GlobalOptions): number => {
  if (options.json === true) {
    printJson(report);
    return EXIT_OK;
  }
  print(from);
  print(`tasks: ${countsLine(report.tasks)}`);
  const waiting = waitingLine(report.waiting);
  if (waiting !== null) print(waiting);
  if (report.waiting.some(({ text }) => text.startsWith('stuck'))) print(colours.dim('what is stuck, why, and how to resolve it: dispatcher deadlocks'));
  const rows = report.pools.map((pool) => [pool.name, pool.type, pool.state, `${pool.running}/${pool.max_concurrency}`]);
  print(table(['POOL', 'TYPE', 'STATE', 'RUNNING'], rows));
  return EXIT_OK;
};

/** `status`: from the dispatcher that is alive, else from the registry. */
export const status = async (options: GlobalOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const client = await ApiClient.connect(configuration.value.stateDir);
  if (client !== null) {
    const report = await client.status();
    return report.ok
      ? show(report.value, `dispatcher at ${client.url}`, options)
      : complain(report.error.message, EXIT_UNFINISHED);
  }
  return reading(options, async (registry) => {
    const report = await statusReport(registry, configuration.value.pools, () => null, waitingWithoutDispatcher(configuration.value));
    return report.ok ? show(report.value, 'no dispatcher runs', options) : complain(report.error.message, EXIT_UNFINISHED);
  });
};
