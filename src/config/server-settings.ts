import type { ServerConfiguration } from './configuration.ts';
import type { WrittenConfiguration } from './configuration-schema.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 7420;

export const serverOf = ({ server }: WrittenConfiguration): ServerConfiguration => ({
  host: server?.host ?? DEFAULT_HOST,
  port: server?.port ?? DEFAULT_PORT,
  portIsExplicit: server?.port != null,
  runnerListen: server?.runner_listen ?? null,
  advertise: server?.advertise ?? null,
});
