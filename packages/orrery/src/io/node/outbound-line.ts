/**
 * Connections to real hosts. Owns sockets: opening them, what they are read into, and using the
 * plain ones again for the next connection. Refuses to own what is said on them.
 *
 * A socket's object is worth keeping: with its two streams and its listeners it is most of what a
 * probe allocates, and the garbage of 1,600 probes a second costs a tenth of them to collect.
 *
 * Invariants:
 *  1. A caller hears nothing after it has hung up, and nothing of another caller's connection.
 *  2. A socket is used again only after `close`, the last of its events, and only with nothing unsent.
 */
import { type OnReadOpts, Socket } from 'node:net';
import { createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls';
import type { HostAddress } from '../io.ts';

/** Who has a connection opened hears what becomes of it. */
export interface Caller {
  /** The host has taken the connection. */
  onConnected(): void;
  /** Now the caller may write. With TLS, after the handshake. */
  onReady(): void;
  /** Valid during the call only: the next bytes, of whatever connection, go to the same place. */
  onBytes(bytes: Buffer): void;
  /** The host will send no more. */
  onEnd(): void;
  onError(error: NodeJS.ErrnoException): void;
}

const IDLE_MAX = 256;
const idle: Line[] = [];
const readBuffer = Buffer.allocUnsafeSlow(65_536);
let secureContext: SecureContext | undefined;

export class Line {
  readonly socket: Socket;
  #caller: Caller | undefined;

  private constructor(open: (onread: OnReadOpts) => Socket) {
    this.socket = open({
      buffer: readBuffer,
      callback: (length) => {
        this.#caller?.onBytes(readBuffer.subarray(0, length));
        return this.#caller !== undefined;
      },
    });
    this.socket.on('connect', () => this.#caller?.onConnected());
    this.socket.on('end', () => this.#caller?.onEnd());
    this.socket.on('error', (error) => this.#caller?.onError(error));
  }

  /** Opens a connection. */
  static to(host: HostAddress, caller: Caller): Line {
    const line = host.tls ? Line.#secure(host) : (idle.pop() ?? Line.#plain());
    line.#caller = caller;
    if (!host.tls) line.socket.connect({ host: host.ip, port: host.port, autoSelectFamily: false });
    return line;
  }

  static #plain(): Line {
    const line = new Line((onread) => new Socket({ onread }));
    line.socket.on('connect', () => line.#caller?.onReady());
    line.socket.on('close', () => {
      const isClean = line.#caller === undefined && line.socket.writableLength === 0;
      if (isClean && idle.length < IDLE_MAX) idle.push(line);
    });
    return line;
  }

  static #secure({ ip, port, serverName = '' }: HostAddress): Line {
    secureContext ??= createSecureContext();
    const options = {
      host: ip,
      port,
      autoSelectFamily: false,
      secureContext,
      // Names and chains of test hosts are seldom in order; AWS's health checks do not look either.
      rejectUnauthorized: false,
      servername: serverName,
      ALPNProtocols: ['http/1.1'],
    };
    const line = new Line((onread) => {
      // Documented for tls.connect, but not in its types.
      const withOnread = { ...options, onread };
      return tlsConnect(withOnread);
    });
    line.socket.on('secureConnect', () => line.#caller?.onReady());
    return line;
  }

  hangUp(): void {
    this.#caller = undefined;
    this.socket.destroy();
  }
}
