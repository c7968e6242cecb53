import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, isIP, type Socket } from 'node:net';
import { dump, load } from 'js-yaml';
import { z } from 'zod';

const kubeconfigSchema = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.looseObject({ server: z.string() }) })),
});

/** More than any question has, and less than the Job that a create sends. */
const LARGE = 2_500;

/** Stands between us and an API server, and can be cut. */
export interface CutProxy {
  /** Path of a kubeconfig that leads through it. */
  readonly kubeconfig: string;
  /** The next create reaches the server, and its answer does not come back. */
  cutNextCreate(): void;
  readonly cuts: number;
  /** Nothing gets through until {@link mend}. */
  cut(): void;
  mend(): void;
  close(): void;
}

export const cutProxy = async (kubeconfig: string, folder: string): Promise<CutProxy> => {
  const config = kubeconfigSchema.parse(load(await readFile(kubeconfig, 'utf8')));
  const cluster = config.clusters[0]?.cluster;
  assert.ok(cluster);
  const target = new URL(cluster.server);
  const live = new Set<Socket>();
  let isCut = false;
  let awaited = false;
  let cuts = 0;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(target.port || '443'), target.hostname);
    let swallows = false;
    for (const socket of [near, far]) {
      live.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        live.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => {
      far.write(bytes);
      if (!awaited || bytes.length < LARGE) return;
      awaited = false;
      swallows = true;
      cuts += 1;
    });
    far.on('data', (bytes: Buffer) => {
      if (swallows) near.destroy();
      else near.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  if (isIP(target.hostname) === 0) cluster['tls-server-name'] = target.hostname;
  cluster.server = `https://127.0.0.1:${address.port}`;
  const path = `${folder}/kubeconfig`;
  await writeFile(path, dump(config), { mode: 0o600 });
  return {
    kubeconfig: path,
    cutNextCreate: () => void (awaited = true),
    get cuts() {
      return cuts;
    },
    cut: () => {
      isCut = true;
      for (const socket of live) socket.destroy();
    },
    mend: () => void (isCut = false),
    close: () => {
      server.close();
      for (const socket of live) socket.destroy();
    },
  };
};
