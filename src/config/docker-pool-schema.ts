import { INSIDE } from '../domain/engine-paths.ts';
import { err, ok } from '../domain/result.ts';
import { count, field, flag, listOf, mapOf, orText, text, type Kind } from './field.ts';
import { CarriedComplaint, COMPLAINT } from './finding.ts';
import { quoted } from './input-error.ts';

/** `/source:/target`, `./source:/target:ro` or `volume:/target`, as `docker run --volume` has it. */
export interface WrittenVolume {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

const VOLUME = '"SOURCE:/TARGET" or "SOURCE:/TARGET:ro", where SOURCE is a path or the name of a volume';
const RESERVED: readonly string[] = [INSIDE.slot, INSIDE.runDir, INSIDE.secrets];

const volume: Kind<WrittenVolume> = (value) => {
  const parts = typeof value === 'string' && !value.includes('\0') ? value.split(':') : [];
  const [source = '', target = '', mode = 'rw'] = parts;
  const known = parts.length >= 2 && parts.length <= 3 && (mode === 'ro' || mode === 'rw');
  if (!known || source === '' || !target.startsWith('/')) return err({ kind: 'expected', what: VOLUME });
  const taken = RESERVED.find((path) => target === path || target.startsWith(`${path}/`));
  if (taken !== undefined) return err({ kind: 'said', message: `${taken} is the dispatcher's own; choose another target` });
  return ok({ source, target, readOnly: mode === 'ro' });
};

const SECRET = 'the path of a file, or { from_file: PATH }';

/** The path of the file that a secret is in. */
const secret: Kind<string> = (value) => {
  const isMapping = typeof value === 'object' && value !== null && Object.keys(value).join() === 'from_file';
  const path: unknown = isMapping && 'from_file' in value ? value.from_file : value;
  return path === '' ? err({ kind: 'expected', what: SECRET }) : text(SECRET)(path);
};

const SECRET_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/;

const secrets = mapOf(field(secret), 'a mapping from names of secrets to files').superRefine((named, context) => {
  for (const key of Object.keys(named)) {
    if (SECRET_NAME.test(key)) continue;
    const message = `${quoted(key)} is no name for a file of letters, digits, ".", "_" and "-", at most 63 of them; rename it`;
    context.addIssue({ code: 'custom', path: [key], params: { [COMPLAINT]: new CarriedComplaint({ kind: 'said', message }) } });
  }
});

const GPUS = 'all, a whole number of devices, or a list of their ids';

const gpus: Kind<'all' | number | readonly string[]> = (value) => {
  if (value === 'all') return ok('all');
  if (Array.isArray(value)) {
    const ids = value.filter((id): id is string => typeof id === 'string' && id !== '');
    return ids.length === value.length && ids.length > 0 ? ok(ids) : err({ kind: 'expected', what: GPUS });
  }
  const devices = orText(count)(value);
  return devices.ok ? devices : err({ kind: 'expected', what: GPUS });
};

const matching =
  (pattern: RegExp, what: string): Kind<string> =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? ok(value) : err({ kind: 'expected', what });

const HOST = 'the address of an engine such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375';
const CAPABILITY = 'a Linux capability such as NET_BIND_SERVICE';
const USER = 'a user, or user:group, by number or by a name that the image knows; write "1000:1000"';

/** What only docker pools have, under `config`. */
export const dockerKeys = {
  host: field(matching(/^(?:unix|npipe):\/\/\/\S+$|^(?:tcp|http|https):\/\/[^\s/]+$/, HOST)).nullish(),
  network: field(matching(/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/, 'the name of a network')).nullish(),
  gpus: field(gpus).nullish(),
  volumes: listOf(field(volume), `a list of ${VOLUME}`).nullish(),
  secrets: secrets.nullish(),
  user: field<string>((value) => matching(/^[^\s:]+(?::[^\s:]+)?$/, USER)(typeof value === 'number' ? String(value) : value)).nullish(),
  privileged: field(orText(flag)).nullish(),
  cap_add: listOf(field(matching(/^[A-Z][A-Z_]*$/, CAPABILITY)), `a list, each ${CAPABILITY}`).nullish(),
  read_only: field(orText(flag)).nullish(),
  pids_limit: field(orText(count)).nullish(),
} as const;
