import { err, ok } from '../domain/result.ts';
import type { Kind } from './field.ts';

/** Where a server listens. `host` without the brackets of an IPv6 address. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port`; port 0 is any free one. */
export const listenAddress: Kind<ListenAddress> = (value) => {
  const match = typeof value === 'string' ? /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(value) : null;
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return err({ kind: 'expected', what: 'an address such as "127.0.0.1:7421"' });
  return ok({ host, port });
};

/** The base of a URL, `http://host:port`, without a slash at its end. */
export const advertisedUrl: Kind<string> = (value) => {
  const expected = err({ kind: 'expected' as const, what: 'a URL such as "http://10.0.0.5:7421"' });
  if (typeof value !== 'string' || !URL.canParse(value)) return expected;
  const url = new URL(value);
  const isBare = url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  return isBare && /^https?:$/.test(url.protocol) ? ok(url.href.replace(/\/+$/, '')) : expected;
};
