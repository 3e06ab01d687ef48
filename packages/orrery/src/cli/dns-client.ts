/**
 * Asks a name server: UDP, and TCP where the answer was cut or where it is wanted. Owns sockets and
 * deadlines of a single query. Refuses to own what is asked and what is shown.
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type DnsMessage, parseMessage } from '../wire/dns/message.ts';
import { CommandError, usageError } from './command.ts';

const deadlineMs = 3_000;
const maxTcpOctets = 65_535;

export interface DnsServerAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:4553`, `[::1]:53`, a host alone (port 4553 on this machine, else 53). */
export function readServer(text: string): DnsServerAddress {
  const match =
    /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)|([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*))(?::(\d{1,5}))?$/i;
  const [, bracketed, plain, v6, digits] = match.exec(text) ?? [];
  const host = bracketed ?? plain ?? v6;
  const isHere = host === 'localhost' || host === '::1' || host?.startsWith('127.') === true;
  const port = digits === undefined ? (isHere ? 4553 : 53) : Number(digits);
  if (host === undefined || host === '' || port < 1 || port > 65_535) {
    throw usageError(`--server takes a host and port such as 127.0.0.1:4553, not "${text}".`);
  }
  return { host, port };
}

/** The answer, over TCP where UDP had no room for it. Rejects with `CommandError`. */
export async function askDns(
  server: DnsServerAddress,
  packet: Uint8Array,
  tcp: boolean,
): Promise<{ readonly answer: DnsMessage; readonly transport: 'UDP' | 'TCP' }> {
  if (!tcp) {
    const answer = parse(await overUdp(server, packet), packet);
    if (!answer.truncated) return { answer, transport: 'UDP' };
  }
  return { answer: parse(await overTcp(server, packet), packet), transport: 'TCP' };
}

function parse(bytes: Buffer, query: Uint8Array): DnsMessage {
  let answer: DnsMessage;
  try {
    answer = parseMessage(bytes);
  } catch (error) {
    throw new CommandError(`The answer cannot be read: ${(error as Error).message}`);
  }
  if (answer.id !== ((query[0] ?? 0) << 8) + (query[1] ?? 0)) {
    throw new CommandError('The answer is one to another question: its id differs.');
  }
  return answer;
}

const noAnswer = ({ host, port }: DnsServerAddress, why: string): CommandError =>
  new CommandError(`No DNS answer from ${host} port ${port}: ${why}.`);

const reasonOf = (error: NodeJS.ErrnoException): string =>
  error.code === 'ECONNREFUSED' ? 'nobody listens there' : error.message;

function overUdp(server: DnsServerAddress, packet: Uint8Array): Promise<Buffer> {
  return new Promise((done, fail) => {
    const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
    let ended = false;
    const end = (act: () => void): void => {
      if (ended) return;
      ended = true;
      clearTimeout(deadline);
      socket.close();
      act();
    };
    const deadline = setTimeout(() => {
      end(() => fail(noAnswer(server, `nothing within ${deadlineMs} ms`)));
    }, deadlineMs);
    socket.on('error', (error) => end(() => fail(noAnswer(server, reasonOf(error)))));
    socket.on('message', (answer) => end(() => done(answer)));
    // Connected, so that a port where nobody listens is an error at once.
    socket.connect(server.port, server.host, () => socket.send(packet));
  });
}

function overTcp(server: DnsServerAddress, packet: Uint8Array): Promise<Buffer> {
  return new Promise((done, fail) => {
    const socket = connect(server.port, server.host);
    let got = Buffer.alloc(0);
    const end = (act: () => void): void => {
      clearTimeout(deadline);
      socket.destroy();
      act();
    };
    const deadline = setTimeout(() => {
      end(() => fail(noAnswer(server, `nothing over TCP within ${deadlineMs} ms`)));
    }, deadlineMs);
    socket.on('error', (error) => end(() => fail(noAnswer(server, reasonOf(error)))));
    socket.on('close', () => end(() => fail(noAnswer(server, 'it closed the connection'))));
    socket.on('data', (piece) => {
      got = Buffer.concat([got, piece]);
      const length = got.length < 2 ? maxTcpOctets : got.readUInt16BE(0);
      if (got.length >= 2 + length) end(() => done(got.subarray(2, 2 + length)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(packet.length);
    socket.write(Buffer.concat([length, packet]));
  });
}
