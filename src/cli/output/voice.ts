import type { Configuration } from '../../config/configuration.ts';
import { secretsOf, type Secret } from '../../domain/secrets.ts';
import type { Notice } from '../../ports/telemetry.ts';
import { readAdminToken } from '../../server/admin-token.ts';
import type { LogLevel } from '../../telemetry/log-entry.ts';
import { colours, print } from '../io.ts';
import { createProgress, type Progress } from './progress.ts';

/** `text` is what `run` shows. */
export const LOG_FORMATS = ['json', 'pretty', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Where the words of `start` go. */
export interface Voice {
  readonly say: (line: string) => void;
  readonly progress: Progress;
}

export interface VoiceOptions {
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

/** What is never to be written, by what is known of it so far: the token is made as the API begins to listen. */
const secretsHere = ({ stateDir, pools }: Configuration): (() => readonly Secret[]) => {
  const texts = Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const known = secretsOf(Object.fromEntries([...texts, ...pools.flatMap(({ env }) => Object.entries(env))]));
  let whole: readonly Secret[] | null = null;
  return () => {
    if (whole !== null) return whole;
    const token = readAdminToken(stateDir);
    if (token === null) return known;
    whole = [{ name: 'admin-token', value: token }, ...known];
    return whole;
  };
};

/** Without a word about it: `pretty` on a terminal, `json` elsewhere. */
const formatOf = ({ logFormat }: VoiceOptions): LogFormat => {
  const byEnvironment = LOG_FORMATS.find((format) => format === process.env['DISPATCHER_LOG_FORMAT']);
  return logFormat ?? byEnvironment ?? (process.stdout.isTTY ? 'pretty' : 'json');
};

/** Everything that is told goes to the log, or is shown as `run` shows it. */
export const openVoice = async (configuration: Configuration, options: VoiceOptions): Promise<Voice> => {
  const format = formatOf(options);
  if (format === 'text') return { say: print, progress: createProgress() };
  const { openLog } = await import('../../telemetry/log.ts');
  const log = await openLog({
    format,
    level: options.logLevel ?? 'info',
    colours: colours.isColorSupported,
    secrets: secretsHere(configuration),
  });
  const progress = { tell: (notice: Notice) => log.tell(notice), begin: () => undefined, end: () => log.flush() };
  const say = (line: string): void => {
    if (line.trim() !== '') log.say(line.trimEnd());
  };
  return { say, progress };
};
