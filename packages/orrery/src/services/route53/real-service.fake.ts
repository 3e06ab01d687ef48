/**
 * Route 53 over real sockets for this folder's tests: the AWS API over HTTP and the name server
 * over UDP and TCP, as strangers' programs meet them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type ChangeBatch,
  type ResourceRecordSet,
  Route53,
  waitUntilResourceRecordSetsChanged,
} from '@aws-sdk/client-route-53';
import { createEndpoint } from '../../endpoint/endpoint.ts';
import { listenDns } from '../../io/node/listen-dns.ts';
import { listenHttp } from '../../io/node/listen-http.ts';
import { createNodeIo, type NodeIo } from '../../io/node/node-io.ts';
import { createRoute53Service, type Route53Service } from './service.ts';

const run = promisify(execFile);

export interface RealService {
  readonly edge: NodeIo;
  readonly service: Route53Service;
  readonly url: string;
  readonly dnsPort: number;
  /** AWS SDK v3. */
  readonly client: Route53;
  /** Node's own resolver. */
  readonly resolver: Resolver;
  /** Another process of the same cloud. */
  processAt(id: string, location: string): Promise<NodeIo>;
  /** Makes a zone with records; resolves when its name servers answer them. */
  zoneWith(name: string, changes: ChangeBatch['Changes']): Promise<string>;
  close(): Promise<void>;
}

/** Starts one, with health checks and propagation twenty times faster. */
export async function startRealService(): Promise<RealService> {
  const root = mkdtempSync(join(tmpdir(), 'orrery-route53-'));
  const processAt = (id: string, location: string): Promise<NodeIo> =>
    createNodeIo({
      id,
      location,
      dataDirectory: join(root, location),
      runDirectory: join(root, 'run'),
      rttMs: () => 0,
      conditions: { links: [] },
      sink: { event: () => {}, broken: () => {} },
    });
  const edge = await processAt('edge', 'global');
  const service = await createRoute53Service(edge, { timeScale: 20 });
  const endpoint = createEndpoint({
    io: edge,
    region: 'global',
    accountId: '000000000000',
    services: [service],
    auth: { mode: 'open' },
    regions: ['us-east-1'],
    globalServices: new Set(['route53']),
  });
  await endpoint.start();
  const host = '127.0.0.1';
  const http = await listenHttp({
    what: 'the endpoint',
    host,
    port: 0,
    handler: (request) => endpoint.handle(request, 'global'),
  });
  const dns = await listenDns({
    what: 'the DNS server',
    host,
    port: 0,
    answer: (packet, source) => service.answer(packet, source),
  });
  const url = `http://${host}:${http.port}`;
  const client = new Route53({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`${host}:${dns.port}`]);
  const zoneWith = async (name: string, changes: ChangeBatch['Changes']): Promise<string> => {
    const made = await client.createHostedZone({ Name: name, CallerReference: name });
    const id = made.HostedZone?.Id ?? '';
    const batch = { HostedZoneId: id, ChangeBatch: { Changes: changes } };
    const changed = await client.changeResourceRecordSets(batch);
    await inSync(client, changed.ChangeInfo?.Id ?? '');
    return id;
  };
  const close = async (): Promise<void> => {
    client.destroy();
    await http.close();
    await dns.close();
    await endpoint.stop();
    await edge.close();
    rmSync(root, { recursive: true, force: true });
  };
  return { edge, service, url, dnsPort: dns.port, client, resolver, processAt, zoneWith, close };
}

/** Waits with the SDK's own waiter. */
export async function inSync(client: Route53, Id: string): Promise<void> {
  const patience = { client, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.1 };
  const { state } = await waitUntilResourceRecordSetsChanged(patience, { Id });
  assert.equal(state, 'SUCCESS');
}

/** A CREATE of a record set with TTL 300. */
export const create = (
  Name: string,
  Type: NonNullable<ResourceRecordSet['Type']>,
  ...values: string[]
) => ({
  Action: 'CREATE' as const,
  ResourceRecordSet: {
    Name,
    Type,
    TTL: 300,
    ResourceRecords: values.map((Value) => ({ Value })),
  },
});

/** Whether a program is on this machine and runs. */
export async function has(program: string, ...args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}

/** Runs a program and gives what it printed; what it says on stderr goes into the error. */
export async function output(program: string, args: readonly string[]): Promise<string> {
  return (await run(program, [...args], { timeout: 60_000 })).stdout;
}
