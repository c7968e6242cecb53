import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { redacted, type Secret } from '../domain/secrets.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { logEntry, type LogLevel } from './log-entry.ts';

/** `pretty` is for people on a terminal, `json` one object a line. */
export type LogFormat = 'pretty' | 'json';

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly colours: boolean;
  /** Never written, in whatever text they come. */
  readonly secrets: () => readonly Secret[];
}

/** The log of a dispatcher, on standard output. */
export interface Log extends Telemetry {
  say(message: string): void;
  /** Writes what waits. */
  flush(): void;
}

interface Sink {
  readonly stream: DestinationStream;
  readonly flush: () => void;
}

/** What a reader has seen enough of, or a full disk, is no reason to end. */
const standardOutput = (): Sink => {
  const output = destination({ fd: 1, sync: false });
  output.on('error', () => undefined);
  return { stream: output, flush: () => output.flushSync() };
};

const prettySink = async (colours: boolean): Promise<Sink> => {
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    colorize: colours,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,event,task',
    singleLine: true,
    messageKey: 'message',
    sync: true,
    destination: 1,
  });
  return { stream, flush: () => undefined };
};

/** Opens the log. Times are ISO 8601 in UTC, levels are words. */
export const openLog = async ({ format, level, colours, secrets }: LogOptions): Promise<Log> => {
  const sink = format === 'pretty' ? await prettySink(colours) : standardOutput();
  const stream: DestinationStream = { write: (line) => sink.stream.write(redacted(line, secrets())) };
  const logger: Logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      ...(format === 'json' ? { formatters: { level: (label: string) => ({ level: label }) } } : {}),
    },
    stream,
  );
  return {
    tell: (notice) => {
      const entry = logEntry(notice);
      logger[entry.level](entry.fields, entry.message);
    },
    say: (message) => logger.info(message),
    flush: () => {
      try {
        sink.flush();
      } catch {
        // Nothing was ever written, or nobody reads any more.
      }
    },
  };
};
