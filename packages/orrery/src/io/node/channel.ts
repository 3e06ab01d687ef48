/**
 * Between the processes of one cloud: one unix socket per location, one connection per pair of
 * processes, frames on it. Owns sockets and who waits for which answer. Refuses to own latency,
 * faults and deadlines (`network.ts`).
 *
 * Invariants:
 *  1. Every exchange ends once: answered, failed, or forgotten by its asker.
 *  2. What was never handed to a connected socket was not applied; all else may have been.
 *  3. What waits in a connection is bounded, in number and in bytes.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HttpRequest, type HttpResponse, type Location, NetError } from '../io.ts';
import { encodeFrame, type Frame, FrameReader } from './frames.ts';

/** The kernel takes no longer names for unix sockets (108 bytes on Linux, 104 on macOS). */
const SOCKET_PATH_BYTES_MAX = 100;
const PENDING_EXCHANGES_MAX = 16_384;
const UNSENT_BYTES_MAX = 134_217_728;

/** Where the process at a location listens. A directory with a long name is moved to the temporary one. */
export function socketPath(runDirectory: string, location: Location): string {
  const name = `${location.replace(/[^A-Za-z0-9-]/g, '_')}.sock`;
  const path = join(runDirectory, name);
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  const short = createHash('sha256').update(runDirectory).digest('hex').slice(0, 16);
  return join(tmpdir(), `orrery-${short}`, name);
}

/** Joins what one turn of the event loop writes into one system call. */
function writeFrame(socket: Socket, frame: Frame): void {
  const [head, body] = encodeFrame(frame);
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(head);
  if (body.length > 0) socket.write(body);
}

/** Reads frames from a socket; a stream that is none of ours ends it. */
function readFrames(socket: Socket, limitBytes: number, onFrame: (frame: Frame) => void): void {
  const reader = new FrameReader(limitBytes, onFrame);
  socket.on('data', (chunk) => {
    try {
      reader.push(chunk);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

export type Serve = (
  service: string,
  request: HttpRequest,
  from: Location,
) => Promise<HttpResponse> | HttpResponse;

export interface ChannelServer {
  close(): Promise<void>;
}

/**
 * Listens at a location. `serve` throws `NetError` where it does not serve that service; anything else
 * thrown reaches the asker as a reset. Rejects with a message that says what to do.
 */
export async function serveChannel(
  path: string,
  limitBytes: number,
  serve: Serve,
): Promise<ChannelServer> {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  if (await answers(path)) {
    throw new Error(
      `another process serves ${path} already. Stop it, or choose another run directory.`,
    );
  }
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    readFrames(socket, limitBytes, (frame) => {
      if (frame.kind === 'request') void answer(socket, frame, limitBytes, serve);
    });
  });
  await listen(server, path);
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function answer(
  socket: Socket,
  { exchange, service, from, request }: Frame & { kind: 'request' },
  limitBytes: number,
  serve: Serve,
): Promise<void> {
  let frame: Frame;
  try {
    const response = await serve(service, request, from);
    frame = { kind: 'response', exchange, response };
    if (response.body.length > limitBytes) {
      const detail = `an answer of ${response.body.length} bytes is over the limit of ${limitBytes}`;
      frame = { kind: 'failure', exchange, code: 'EPROTO', maybeApplied: true, detail };
    }
  } catch (error) {
    const known = error instanceof NetError ? error : undefined;
    frame = {
      kind: 'failure',
      exchange,
      code: known?.code ?? 'ECONNRESET',
      maybeApplied: known?.maybeApplied ?? true,
      detail: error instanceof Error ? error.message : String(error),
    };
  }
  if (!socket.writable) return;
  writeFrame(socket, frame);
}

/** Whether somebody accepts connections there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new Error(`cannot listen on ${path}: ${error.message}. Choose another run directory.`),
      );
    });
    server.listen(path, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** One exchange, as the asker sees it: one of the two is called, once, unless it was forgotten. */
export interface Asker {
  /** The connection to a host stands; told at most once, and not by everybody. */
  connected?(): void;
  answered(response: HttpResponse): void;
  failed(error: NetError): void;
}

/** The connection to one location, made when it is needed and again after it broke. */
export class ChannelClient {
  readonly #path: string;
  readonly #limitBytes: number;
  readonly #waiting = new Map<number, Asker>();
  #socket: Socket | undefined;
  #connected = false;
  #lastExchange = 0;

  constructor(path: string, limitBytes: number) {
    this.#path = path;
    this.#limitBytes = limitBytes;
  }

  /** Sends, and returns what forgets the exchange. */
  ask(service: string, request: HttpRequest, from: Location, asker: Asker): () => void {
    const refused = this.#refusal(request);
    if (refused !== undefined) {
      queueMicrotask(() => asker.failed(refused));
      return () => {};
    }
    const socket = this.#socket ?? this.#connect();
    do {
      this.#lastExchange = (this.#lastExchange + 1) >>> 0;
    } while (this.#waiting.has(this.#lastExchange));
    const exchange = this.#lastExchange;
    this.#waiting.set(exchange, asker);
    writeFrame(socket, { kind: 'request', exchange, service, from, request });
    return () => this.#waiting.delete(exchange);
  }

  #refusal(request: HttpRequest): NetError | undefined {
    if (request.body.length > this.#limitBytes) {
      const detail = `a body of ${request.body.length} bytes is over the limit of ${this.#limitBytes}`;
      return new NetError('EPROTO', false, detail);
    }
    const unsent = this.#socket?.writableLength ?? 0;
    if (this.#waiting.size < PENDING_EXCHANGES_MAX && unsent < UNSENT_BYTES_MAX) return undefined;
    return new NetError('ECONNREFUSED', false, 'too much is waiting for that process already');
  }

  #connect(): Socket {
    const socket = createConnection(this.#path);
    this.#socket = socket;
    this.#connected = false;
    socket.on('connect', () => {
      this.#connected = true;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#lost(socket));
    readFrames(socket, this.#limitBytes, (frame) => this.#receive(frame));
    return socket;
  }

  #receive(frame: Frame): void {
    const asker = this.#waiting.get(frame.exchange);
    this.#waiting.delete(frame.exchange);
    if (frame.kind === 'response') asker?.answered(frame.response);
    if (frame.kind === 'failure') {
      asker?.failed(new NetError(frame.code, frame.maybeApplied, frame.detail));
    }
  }

  #lost(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const error = this.#connected
      ? new NetError('ECONNRESET', true, 'the process went away before it answered')
      : new NetError('ECONNREFUSED', false, 'no process listens there');
    const askers = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const asker of askers) asker.failed(error);
  }

  close(): void {
    this.#waiting.clear();
    this.#socket?.destroy();
  }
}
