/** Response-rate limiting as a client of the real server meets it. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { test } from 'node:test';
import { parseMessage, queryMessage, serializeMessage } from '../src/wire/dns/message.ts';
import { startCloud } from './cloud-process.ts';

const name = 'd-1.execute-api.us-east-1.amazonaws.com';

const firstMarker = 40_000;

/** Sends so many questions, few enough at a time for the socket's buffer, and sorts what came. */
async function flood(port: number, count: number): Promise<{ whole: number; truncated: number }> {
  const socket = createSocket('udp4');
  const seen = { whole: 0, truncated: 0 };
  let marked: (id: number) => void = () => {};
  socket.on('message', (bytes) => {
    const { id, truncated } = parseMessage(bytes);
    if (id >= firstMarker) marked(id);
    else seen[truncated ? 'truncated' : 'whole']++;
  });
  const send = (id: number, asked: string) =>
    socket.send(serializeMessage(queryMessage({ id, name: asked, type: 1 })), port, '127.0.0.1');
  socket.unref();
  for (let sent = 0; sent < count; ) {
    for (let n = 0; n < 50 && sent < count; n++) send(sent++, name);
    // A question of its own comes after them, and is answered whatever became of them.
    const marker = firstMarker + sent;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error('no answer to another question')), 10_000);
      marked = (id) => {
        if (id !== marker) return;
        clearTimeout(timer);
        done();
      };
      send(marker, `m${sent}-${name}`);
    });
  }
  socket.close();
  return seen;
}

function overTcp(port: number): Promise<number> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    const query = Buffer.from(serializeMessage(queryMessage({ id: 7, name, type: 1 })));
    const framed = Buffer.concat([Buffer.from([0, query.length]), query]);
    socket.write(framed);
    socket.on('error', fail);
    socket.on('data', (bytes) => {
      socket.destroy();
      done(parseMessage(bytes.subarray(2)).answers.length);
    });
  });
}

test('a flood from one network is cut to the limit that was set; TCP is answered', async () => {
  const args = ['--regions', 'us-east-1', '--latency', 'off', '--dns-rate-limit', '25'];
  await using cloud = await startCloud({ args });
  const port = Number(cloud.status.dns.split(':')[1]);
  const { whole, truncated } = await flood(port, 400);
  // A burst of two seconds' worth, and what came in meanwhile on a slow machine.
  assert.ok(whole >= 50 && whole < 300, `${whole} whole answers`);
  assert.ok(truncated >= 50, `${truncated} truncated answers`);
  assert.equal(await overTcp(port), 1);
});

test('without the option this machine is not limited', async () => {
  await using cloud = await startCloud({ args: ['--regions', 'us-east-1', '--latency', 'off'] });
  const port = Number(cloud.status.dns.split(':')[1]);
  assert.deepEqual(await flood(port, 400), { whole: 400, truncated: 0 });
});
