import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDRESS } from './engine.ts';

const dial = (): Socket => {
  const path = /^unix:\/\/(.*)$/.exec(ADDRESS)?.[1];
  if (path !== undefined) return connect(path);
  const { hostname, port } = new URL(ADDRESS);
  return connect(Number(port), hostname);
};

/** A way to the engine that a test can cut, without touching the engine itself. */
export class EngineProxy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'engine-proxy-'));
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #isCut = false;
  #loseAnswerTo: RegExp | null = null;

  constructor() {
    this.#server = createServer((client) => this.#join(client));
  }

  get address(): string {
    return `unix://${join(this.#folder, 'engine.sock')}`;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.listen(join(this.#folder, 'engine.sock'), resolve));
  }

  /** Every connection breaks, and every new one does at once. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore(): void {
    this.#isCut = false;
  }

  /** The next request whose first line is like this is carried out, and its answer is lost. */
  loseAnswerTo(request: RegExp): void {
    this.#loseAnswerTo = request;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #join(client: Socket): void {
    if (this.#isCut) return void client.destroy();
    const engine = dial();
    let isLost = false;
    const part = (): void => {
      for (const socket of [client, engine]) {
        this.#sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, engine]) {
      this.#sockets.add(socket);
      socket.on('error', part).on('close', part);
    }
    client.on('data', (chunk: Buffer) => {
      if (this.#loseAnswerTo?.test(chunk.toString('latin1').split('\r\n', 1)[0] ?? '') === true) {
        this.#loseAnswerTo = null;
        isLost = true;
      }
      engine.write(chunk);
    });
    engine.on('data', (chunk: Buffer) => (isLost ? part() : client.write(chunk)));
  }
}
