import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { NetError } from '../io.ts';
import { socketPath } from './channel.ts';
import { createNodeIo, type NodeIo, type NodeIoOptions } from './node-io.ts';

const root = mkdtempSync(join(tmpdir(), 'orrery-network-'));
const children: ChildProcess[] = [];
const ios: NodeIo[] = [];
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ios.map((io) => io.close()));
  rmSync(root, { recursive: true, force: true });
});

const startIo = async (options: Partial<NodeIoOptions> = {}): Promise<NodeIo> => {
  const io = await createNodeIo({
    id: 'region/us-east-1',
    location: 'us-east-1',
    dataDirectory: join(root, 'east'),
    runDirectory: join(root, 'run'),
    rttMs: () => 0,
    conditions: { links: [] },
    sink: { event: () => {}, broken: () => {} },
    ...options,
  });
  ios.push(io);
  return io;
};
const startPeer = async (): Promise<ChildProcess> => {
  const peer = join(import.meta.dirname, 'network-peer.fake.ts');
  const child = spawn(process.execPath, [peer, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return child;
};

const west = { region: 'eu-west-1', service: 'echo' };
const message = (body: string) => ({
  method: 'POST',
  path: '/',
  headers: {},
  body: Buffer.from(body),
});
const outcome = async (io: NodeIo, body: string, deadlineMs = 5_000): Promise<string> => {
  try {
    const response = await io.network.request(west, message(body), { deadlineMs });
    return Buffer.from(response.body).toString();
  } catch (error) {
    assert.ok(error instanceof NetError);
    return `${error.code} ${error.maybeApplied}`;
  }
};

describe('the network between live processes', () => {
  it('feels a stopped process as slow and a killed one as gone, and finds the next', async () => {
    const io = await startIo();
    assert.equal(await outcome(io, 'early'), 'ECONNREFUSED false');
    const first = await startPeer();
    assert.equal(await outcome(io, 'hello'), 'hello');
    first.kill('SIGSTOP');
    assert.equal(await outcome(io, 'stopped', 60), 'ETIMEDOUT true');
    const waiting = outcome(io, 'thawed');
    first.kill('SIGCONT');
    assert.equal(await waiting, 'thawed');
    first.kill('SIGSTOP');
    const lost = outcome(io, 'lost');
    first.kill('SIGKILL');
    assert.equal(await lost, 'ECONNRESET true');
    await once(first, 'exit');
    assert.equal(await outcome(io, 'gone'), 'ECONNREFUSED false');
    assert.ok(existsSync(socketPath(join(root, 'run'), 'eu-west-1')), 'a socket file is left');
    await startPeer();
    assert.equal(await outcome(io, 'again'), 'again');
    await assert.rejects(
      createNodeIo({
        id: 'region/eu-west-1',
        location: 'eu-west-1',
        dataDirectory: join(root, 'other'),
        runDirectory: join(root, 'run'),
        rttMs: () => 0,
        conditions: { links: [] },
      }),
      /another process serves .*eu-west-1\.sock already/,
    );
  });

  it('bounds messages both ways, and says why', async () => {
    const limits = { runDirectory: join(root, 'small'), messageLimitBytes: 1_000 };
    const io = await startIo({ ...limits, location: 'ap-south-1', dataDirectory: join(root, 'a') });
    const server = await startIo({ ...limits, dataDirectory: join(root, 'b') });
    server.network.serve('big', (request) => ({
      status: 200,
      headers: {},
      body: new Uint8Array(request.body.length + 1),
    }));
    const ask = (bytes: number) =>
      io.network.request(
        { region: 'us-east-1', service: 'big' },
        { ...message(''), body: new Uint8Array(bytes) },
        { deadlineMs: 2_000 },
      );
    assert.equal((await ask(999)).body.length, 1_000);
    await assert.rejects(ask(1_000), { code: 'EPROTO', maybeApplied: true });
    await assert.rejects(ask(1_001), { code: 'EPROTO', maybeApplied: false });
    assert.equal((await ask(10)).body.length, 11);
  });

  it('drops who speaks something else, and goes on', async () => {
    const io = await startIo({ runDirectory: join(root, 'odd'), dataDirectory: join(root, 'c') });
    const path = socketPath(join(root, 'odd'), 'us-east-1');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const socket = connect(path);
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    const from = await startIo({
      runDirectory: join(root, 'odd'),
      location: 'eu-west-1',
      dataDirectory: join(root, 'd'),
    });
    io.network.serve('echo', (request) => ({ status: 200, headers: {}, body: request.body }));
    const to = { region: 'us-east-1', service: 'echo' };
    const answer = await from.network.request(to, message('fine'), { deadlineMs: 2_000 });
    assert.equal(Buffer.from(answer.body).toString(), 'fine');
  });

  it('moves sockets whose directory has a long name', async () => {
    const runDirectory = join(root, 'deep'.repeat(40));
    const path = socketPath(runDirectory, 'us-east-1');
    assert.ok(path.length < 100 && path !== socketPath(`${runDirectory}2`, 'us-east-1'));
    const io = await startIo({ runDirectory, dataDirectory: join(root, 'e') });
    assert.ok(existsSync(path));
    await io.close();
    rmSync(join(path, '..'), { recursive: true });
  });

  it('reaches real hosts, and gives up on those that keep silent', async () => {
    const server = createServer((incoming, outgoing) => {
      if (incoming.url === '/silent') return;
      outgoing.end('real');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const io = await startIo({ runDirectory: join(root, 'real'), dataDirectory: join(root, 'f') });
    const to = { ip: '127.0.0.1', port, tls: false };
    const answer = await io.network.request(to, message(''), { deadlineMs: 2_000 });
    assert.equal(Buffer.from(answer.body).toString(), 'real');
    const silent = io.network.request(to, { ...message(''), path: '/silent' }, { deadlineMs: 50 });
    await assert.rejects(silent, { code: 'ETIMEDOUT', maybeApplied: true });
    server.closeAllConnections();
    server.close();
  });
});
