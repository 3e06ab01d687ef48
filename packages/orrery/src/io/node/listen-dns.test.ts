import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { type DnsSource, listenDns } from './listen-dns.ts';
import { listenHttp } from './listen-http.ts';

const host = '127.0.0.1';

function overUdp(port: number, packet: Uint8Array, waitMs = 200): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (reply?: Buffer): void => {
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(end, waitMs);
    socket.on('message', (reply) => end(reply));
    socket.send(packet, port, host);
  });
}

/** Writes the parts one by one; resolves with all bytes that came back until silence or the end. */
function overTcp(port: number, parts: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const chunks: Buffer[] = [];
    socket.setTimeout(100, () => socket.destroy());
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    void (async () => {
      for (const part of parts) {
        socket.write(part);
        await new Promise((next) => setTimeout(next, 5));
      }
    })();
  });
}

const framed = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);

describe('listenDns', () => {
  it('answers over UDP and over TCP on one port', async () => {
    const sources: DnsSource[] = [];
    const bugs: unknown[] = [];
    const listening = await listenDns({
      what: 'the test',
      host,
      port: 0,
      answer: (packet, source) => {
        sources.push(source);
        const query = Buffer.from(packet).toString();
        if (query === 'drop') return undefined;
        if (query === 'throw') throw new RangeError('bug');
        return Buffer.from(`re ${query}`);
      },
      onBug: (error) => bugs.push(error),
    });
    assert.equal((await overUdp(listening.port, Buffer.from('a')))?.toString(), 're a');
    assert.equal(sources[0]?.tcp, false);
    assert.equal(sources[0]?.ip, host);
    assert.equal(await overUdp(listening.port, Buffer.from('drop'), 50), undefined);
    assert.equal(await overUdp(listening.port, Buffer.from('throw'), 50), undefined);
    assert.deepEqual(bugs.map(String), ['RangeError: bug']);
    const stream = Buffer.concat([framed('one'), framed('drop'), framed('two'), framed('three')]);
    const cut = [stream.subarray(0, 1), stream.subarray(1, 4), stream.subarray(4)];
    const replies = await overTcp(listening.port, cut);
    assert.deepEqual(replies, Buffer.concat(['re one', 're two', 're three'].map(framed)));
    assert.equal(sources.at(-1)?.tcp, true);
    assert.equal((await overTcp(listening.port, [Buffer.from([0xff, 0xff, 1])])).length, 0);
    assert.equal((await overUdp(listening.port, Buffer.from('b')))?.toString(), 're b');
    await listening.close();
    assert.equal(await overUdp(listening.port, Buffer.from('a'), 50), undefined);
  });

  it('says what to do when one of the two ports is taken', async () => {
    const answer = { status: 200, headers: {}, body: new Uint8Array(0) };
    const http = await listenHttp({ what: 'a', host, port: 0, handler: () => answer });
    const options = { what: 'the DNS server', host, port: http.port, answer: () => undefined };
    await assert.rejects(listenDns({ ...options, portOption: '--dns-port' }), {
      message: new RegExp(`port ${http.port} .*taken, so the DNS server.*with --dns-port`),
    });
    await http.close();
    const listening = await listenDns(options);
    await assert.rejects(listenDns(options), { message: /is taken/ });
    await listening.close();
  });
});
