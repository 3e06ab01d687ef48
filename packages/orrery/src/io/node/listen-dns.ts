/**
 * DNS listeners: packets over UDP and, on the same port, over TCP in frames of two length bytes
 * (RFC 1035 §4.2, RFC 7766). Owns sockets and bounds; what a packet says is `wire/dns`, what is
 * answered is Route 53's.
 *
 * Invariants:
 *  1. No packet is answered that `answer` did not answer; whatever comes in, the listener stays up.
 *  2. Connections are bounded in number, idle time and what they hold (`dns-connection.ts`); when
 *     there are too many, the one that was silent longest makes room.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { DnsConnection, type DnsConnectionLimits } from './dns-connection.ts';
import { listenError } from './listen-error.ts';
import type { Listening } from './listen-http.ts';

export interface DnsSource {
  readonly ip: string;
  readonly port: number;
  readonly tcp: boolean;
}

export interface DnsListenOptions {
  /** For messages: `the DNS server of Route 53`. */
  readonly what: string;
  readonly host: string;
  /** 0 takes one that is free for both. */
  readonly port: number;
  readonly portOption?: string;
  /** Undefined drops the query, as a dead server would. */
  readonly answer: (packet: Uint8Array, source: DnsSource) => Uint8Array | undefined;
  readonly onBug?: (error: unknown) => void;
  readonly limits?: Partial<DnsLimits>;
}

export interface DnsLimits extends DnsConnectionLimits {
  readonly connectionsMax: number;
  /** A connection without a word either way is closed after it. */
  readonly idleMs: number;
}

const usualLimits: DnsLimits = {
  connectionsMax: 256,
  idleMs: 10_000,
  messageMs: 10_000,
  unreadBytesMax: 262_144,
};
const PORT_ATTEMPTS = 20;

type Answer = (packet: Uint8Array, source: DnsSource) => Uint8Array | undefined;

/** Listens on both transports; rejects with a message for the user where an address cannot be had. */
export async function listenDns(options: DnsListenOptions): Promise<Listening> {
  const answer: Answer = (packet, source) => {
    try {
      return options.answer(packet, source);
    } catch (error) {
      options.onBug?.(error);
      return undefined;
    }
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenBoth(options, answer);
    } catch (error) {
      // A free UDP port is not always free for TCP.
      if (options.port !== 0 || attempt === PORT_ATTEMPTS) {
        throw listenError(
          {
            what: options.what,
            host: options.host,
            port: options.port,
            ...(options.portOption && { option: options.portOption }),
          },
          error as NodeJS.ErrnoException,
        );
      }
    }
  }
}

async function listenBoth(options: DnsListenOptions, answer: Answer): Promise<Listening> {
  const udp = await listenUdp(options.host, options.port, answer);
  const port = udp.address().port;
  try {
    const limits = { ...usualLimits, ...options.limits };
    const tcp = await listenTcp(options.host, port, answer, limits);
    return {
      port,
      close: async () => {
        await Promise.all([new Promise<void>((closed) => udp.close(closed)), tcp.close()]);
      },
    };
  } catch (error) {
    udp.close();
    throw error;
  }
}

function listenUdp(host: string, port: number, answer: Answer): Promise<UdpSocket> {
  const family = isIPv6(host) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    recvBufferSize: 4_194_304,
    // Answers go to addresses, never to names: without this every one waits a turn for a look-up.
    lookup: (address, _options, callback) => callback(null, address, family),
  });
  socket.on('message', (packet, { address, port: from }) => {
    const reply = answer(packet, { ip: address, port: from, tcp: false });
    // A forged packet may come from port 0, to which nothing can be sent. Without a callback: what
    // becomes of an answer is nobody's business, and asking costs a turn.
    if (reply !== undefined && from !== 0) socket.send(reply, from, address);
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners('error');
      // Unreachable clients and the like: the next query is another matter.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

async function listenTcp(
  host: string,
  port: number,
  answer: Answer,
  limits: DnsLimits,
): Promise<{ close(): Promise<void> }> {
  /** Those that were silent longest stand first. */
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    for (const silent of sockets) {
      if (sockets.size < limits.connectionsMax) break;
      sockets.delete(silent);
      silent.destroy();
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(limits.idleMs, () => socket.destroy());
    socket.setNoDelay(true);
    const { remoteAddress: ip = '', remotePort = 0 } = socket;
    const source = { ip, port: remotePort, tcp: true };
    const ask = (packet: Uint8Array): Uint8Array | undefined => {
      sockets.delete(socket);
      sockets.add(socket);
      return answer(packet, source);
    };
    new DnsConnection(socket, ask, limits);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
  return {
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
