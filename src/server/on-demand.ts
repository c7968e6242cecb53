import type { RequestListener } from 'node:http';
import type { Hono } from 'hono';

/** An application behind a listener that loads it, and its libraries, with the first request. */
export const onDemand = (make: () => Promise<Hono>): RequestListener => {
  let loaded: Promise<RequestListener> | null = null;
  const load = async (): Promise<RequestListener> => {
    const [{ getRequestListener }, application] = await Promise.all([import('@hono/node-server'), make()]);
    const answer = getRequestListener(application.fetch);
    return (request, response) => void answer(request, response);
  };
  return (request, response) => {
    loaded ??= load();
    void loaded.then(
      (listener) => listener(request, response),
      () => response.writeHead(500).end(),
    );
  };
};
