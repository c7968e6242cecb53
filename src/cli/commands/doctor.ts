import type { Configuration } from '../../config/configuration.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { fine, doubtful, ill, type Diagnosis } from '../doctor/diagnosis.ts';
import { docker } from '../doctor/docker.ts';
import { adminToken, diskSpace, slots, stateDir } from '../doctor/folders.ts';
import { kubernetes } from '../doctor/kubernetes.ts';
import { gitItself, kernel, node, perl, repository } from '../doctor/machine.ts';
import { pools } from '../doctor/pools.ts';
import { port } from '../doctor/port.ts';
import { registry } from '../doctor/registry.ts';
import { colours, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';

const STYLE = { ok: colours.green, warn: colours.yellow, fail: colours.red } as const;

const lineOf = ({ check, status, text, mend }: Diagnosis): string => {
  const said = mend === null ? text : `${text}; ${mend}`;
  return `${STYLE[status](status.padEnd(4))}  ${check}: ${said.replaceAll(/\s+/g, ' ')}`;
};

const ofConfiguration = async (configuration: Configuration): Promise<readonly Diagnosis[]> => [
  configuration.sources.length === 0
    ? doubtful('configuration', 'no file; the defaults apply', 'write one with: dispatcher init')
    : fine('configuration', configuration.sources.join(', ')),
  ...configuration.notes.map((note) => doubtful('configuration', note, 'change it if that is not what you want')),
  gitItself(configuration),
  ...repository(configuration),
  ...pools(configuration),
  ...(await docker(configuration)),
  ...(await kubernetes(configuration)),
  ...stateDir(configuration),
  ...adminToken(configuration),
  slots(configuration),
  ...diskSpace(configuration),
  ...(await registry(configuration)),
  await port(configuration),
];

/** `doctor`: looks at everything the configuration names, a line each with how to mend it; 1 where something fails. */
export const doctor = async (options: GlobalOptions): Promise<number> => {
  const configuration = configurationOf(options);
  const found: readonly Diagnosis[] = [
    node(),
    kernel(),
    perl(),
    ...(configuration.ok
      ? await ofConfiguration(configuration.value)
      : configuration.error.map((line) => ill('configuration', line, 'then look again'))),
  ];
  if (options.json === true) printJson(found);
  else for (const one of found) print(lineOf(one));
  return found.some(({ status }) => status === 'fail') ? EXIT_UNFINISHED : EXIT_OK;
};
