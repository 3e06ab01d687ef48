/**
 * DNS listeners: packets over UDP and, on the same port, over TCP in frames of two length bytes
 * (RFC 1035 §4.2, RFC 7766). Owns sockets and bounds; what a packet says is `wire/dns`, what is
 * answered is Route 53's.
 *
 * Invariants:
 *  1. No packet is answered that `answer` did not answer; whatever comes in, the listener stays up.
 *  2. Connections, their idle time and their unread answers are bounded.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
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
}

const CONNECTIONS_MAX = 256;
const IDLE_MS = 10_000;
/** A client that asks over TCP and does not read is cut off beyond this. */
const UNREAD_BYTES_MAX = 1_048_576;
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
    const tcp = await listenTcp(options.host, port, answer);
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
): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.setNoDelay(true);
    serveConnection(socket, answer);
  });
  server.maxConnections = CONNECTIONS_MAX;
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

function serveConnection(socket: Socket, answer: Answer): void {
  const { remoteAddress: ip = '', remotePort: port = 0 } = socket;
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 2) {
      const end = 2 + held.readUInt16BE(0);
      if (held.length < end) return;
      const reply = answer(held.subarray(2, end), { ip, port, tcp: true });
      held = held.subarray(end);
      if (reply === undefined) continue;
      if (socket.writableLength > UNREAD_BYTES_MAX || reply.length > 65_535) {
        socket.destroy();
        return;
      }
      const framed = Buffer.allocUnsafe(2 + reply.length);
      framed.writeUInt16BE(reply.length, 0);
      framed.set(reply, 2);
      socket.write(framed);
    }
  });
}
