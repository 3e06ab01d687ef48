/** Endpoints over real sockets for this folder's tests, well-behaved or not, and one probe of them. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeIo, type NodeIo } from '../../../io/node/node-io.ts';
import type { HealthCheckConfig } from '../record-set.ts';
import { type ProbeResult, probe } from './probe.ts';

/** Short, so that tests are; the rules are the same. */
export const limits = { silenceMs: 700, answerMs: 350, connectMs: 700 };

export class Endpoints {
  readonly io: NodeIo;
  readonly folder: string;
  readonly #closers: (() => void)[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(io: NodeIo, folder: string) {
    this.io = io;
    this.folder = folder;
  }

  static async open(): Promise<Endpoints> {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-probe-'));
    const io = await createNodeIo({
      id: 'edge',
      location: 'global',
      dataDirectory: join(folder, 'data'),
      runDirectory: join(folder, 'run'),
      rttMs: () => 0,
      conditions: { links: [] },
      sink: { event: () => {}, broken: () => {} },
    });
    return new Endpoints(io, folder);
  }

  /** Connections that stand at this moment, of all endpoints. */
  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const close of this.#closers) close();
    await this.io.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async listen(server: Server, host = '127.0.0.1'): Promise<number> {
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    server.listen(0, host);
    await once(server, 'listening');
    this.#closers.push(() => {
      server.close();
      for (const socket of this.#sockets) socket.destroy();
    });
    return (server.address() as AddressInfo).port;
  }

  /** A port where nobody listens. */
  async refusing(): Promise<number> {
    const port = await this.web(() => {});
    this.#closers.pop()?.();
    return port;
  }

  /** Says what it likes once it has been spoken to. */
  raw(onSocket: (socket: Socket) => void): Promise<number> {
    return this.listen(createServer((socket) => socket.once('data', () => onSocket(socket))));
  }

  web(listener: RequestListener): Promise<number> {
    return this.listen(createHttpServer(listener));
  }

  ask(port: number, config: Partial<HealthCheckConfig>): Promise<ProbeResult> {
    return probe(
      { id: 'c', config: { Type: 'HTTP', IPAddress: '127.0.0.1', Port: port, ...config } },
      'eu-west-1',
      {
        network: this.io.network,
        clock: this.io.clock,
        limits,
        resolve: () => undefined,
      },
    );
  }
}
