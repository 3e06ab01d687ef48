/** Clients over TCP that are in a hurry, slow, silent, many, or liars. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type DnsListenOptions, listenDns } from './listen-dns.ts';
import type { Listening } from './listen-http.ts';

const host = '127.0.0.1';
const large = Buffer.alloc(60_000, 0x61);

/** `large` is answered at length, `drop` not, all else by itself. */
const options: DnsListenOptions = {
  what: 'the test',
  host,
  port: 0,
  answer: (packet) => {
    const text = Buffer.from(packet).toString('latin1');
    if (text === 'drop') return undefined;
    return text === 'large' ? large : Buffer.from(`re ${text}`, 'latin1');
  },
};

const framed = (text: string): Buffer => {
  const body = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from([body.length >> 8, body.length & 255]), body]);
};

/** Whole messages as they come, and the end of the connection. */
class Client {
  readonly socket: Socket;
  readonly replies: string[] = [];
  readonly closed: Promise<void>;
  #held = Buffer.alloc(0);
  #waiting: (() => void) | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host, allowHalfOpen: true });
    this.closed = new Promise((done) => this.socket.on('close', () => done()));
    this.socket.on('error', () => {});
    this.socket.on('end', () => this.socket.destroy());
    this.socket.on('data', (chunk) => {
      this.#held = Buffer.concat([this.#held, chunk]);
      while (this.#held.length >= 2 && this.#held.length >= 2 + this.#held.readUInt16BE(0)) {
        const end = 2 + this.#held.readUInt16BE(0);
        this.replies.push(this.#held.toString('latin1', 2, end));
        this.#held = this.#held.subarray(end);
      }
      this.#waiting?.();
    });
  }

  async until(count: number): Promise<void> {
    while (this.replies.length < count) {
      await new Promise<void>((done) => {
        this.#waiting = done;
      });
    }
  }
}

describe('a DNS connection', { timeout: 30_000 }, () => {
  let listening: Listening;
  let impatient: Listening;
  before(async () => {
    const limits = { connectionsMax: 8, unreadBytesMax: 100_000 };
    listening = await listenDns({ ...options, limits });
    impatient = await listenDns({ ...options, limits: { ...limits, idleMs: 600, messageMs: 400 } });
  });
  after(async () => {
    await listening.close();
    await impatient.close();
  });

  it('answers a thousand questions of one write, in their order', async () => {
    const client = new Client(listening.port);
    const asked = Array.from({ length: 1000 }, (_, n) => `q${n}`);
    client.socket.write(Buffer.concat(asked.map(framed)));
    await client.until(1000);
    assert.deepEqual(
      client.replies,
      asked.map((each) => `re ${each}`),
    );
    client.socket.destroy();
  });

  it('takes messages cut anywhere, empty ones among them', async () => {
    const asked = ['a', 'drop', '', 'b'.repeat(300), 'c'];
    const stream = Buffer.concat(asked.map(framed));
    for (const size of [1, 2, 3, 7, 100]) {
      const client = new Client(listening.port);
      client.socket.setNoDelay(true);
      for (let at = 0; at < stream.length; at += size) {
        client.socket.write(stream.subarray(at, at + size));
        if (at % 20 === 0) await new Promise((next) => setImmediate(next));
      }
      await client.until(4);
      const expected = asked.filter((each) => each !== 'drop').map((each) => `re ${each}`);
      assert.deepEqual(client.replies, expected);
      client.socket.destroy();
    }
  });

  it('answers what was asked before the client closed its side', async () => {
    const client = new Client(listening.port);
    client.socket.end(Buffer.concat([framed('x'), framed('large'), framed('y')]));
    await client.closed;
    assert.deepEqual(
      client.replies.map((each) => each.slice(0, 4)),
      ['re x', 'aaaa', 're y'],
    );
  });

  it('does not read on while its answers are not read, and loses none', async () => {
    const client = new Client(listening.port);
    client.socket.pause();
    const count = 400;
    client.socket.write(Buffer.concat(Array.from({ length: count }, () => framed('large'))));
    // 24 MB of answers: far more than the server keeps and the kernel takes.
    const other = new Client(listening.port);
    other.socket.write(framed('z'));
    await other.until(1);
    other.socket.destroy();
    client.socket.resume();
    await client.until(count);
    assert.ok(client.replies.every((each) => each.length === large.length));
    client.socket.destroy();
  });

  it('closes one that drips, one that lies about a length, and one that is silent', async () => {
    const drips = new Client(impatient.port);
    const timer = setInterval(() => drips.socket.write('\x01'), 20);
    const lies = new Client(impatient.port);
    lies.socket.write(Buffer.concat([framed('first'), Buffer.from([0xff, 0xff, 1, 2, 3])]));
    const silent = new Client(impatient.port);
    await Promise.all([drips.closed, lies.closed, silent.closed]);
    clearInterval(timer);
    assert.deepEqual(lies.replies, ['re first']);
    const next = new Client(impatient.port);
    next.socket.write(framed('next'));
    await next.until(1);
    next.socket.destroy();
  });

  it('makes room for a new one by closing the one that was silent longest', async () => {
    const clients: Client[] = [];
    for (let n = 0; n < 8; n++) {
      const client = new Client(listening.port);
      client.socket.write(framed(`c${n}`));
      await client.until(1);
      clients.push(client);
    }
    // The first has asked again: the second is the silent one.
    clients[0]?.socket.write(framed('again'));
    await clients[0]?.until(2);
    const newest = new Client(listening.port);
    newest.socket.write(framed('new'));
    await newest.until(1);
    await clients[1]?.closed;
    clients[0]?.socket.write(framed('still'));
    await clients[0]?.until(3);
    for (const { socket } of [...clients, newest]) socket.destroy();
  });

  it('survives hundreds at once, and answers the last of them', async () => {
    const many = Array.from({ length: 300 }, () => new Client(listening.port));
    for (const [n, { socket }] of many.entries()) socket.write(Buffer.from([n & 255]));
    const last = new Client(listening.port);
    last.socket.write(framed('last'));
    await last.until(1);
    for (const { socket } of [...many, last]) socket.destroy();
  });
});
