/**
 * All of Route 53's figures, about three minutes: DNS answers for a health-checked latency record of three regions, and for a plain record, against
 * a UDP echo and against PowerDNS asked for the same; then zones grown large (`dns-growth.ts`) and
 * what health checks cost (`dns-checks.ts`).
 */
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { Route53 } from '@aws-sdk/client-route-53';
import { clientSubnetOption } from '../packages/orrery/src/wire/dns/edns.ts';
import { queryMessage, serializeMessage } from '../packages/orrery/src/wire/dns/message.ts';
import { type CloudProcess, startCloud } from '../packages/orrery/test/cloud-process.ts';
import * as checks from './dns-checks.ts';
import * as growth from './dns-growth.ts';
import { ask, type Target } from './dns-load.ts';
import { startGeo, startLua } from './powerdns.ts';
import { type Contender, report, rounds } from './rounds.ts';
import { forkServer } from './servers.ts';

const app = resolve(import.meta.dirname, '..', 'examples', 'orders');

/** Real networks of all continents, so that a database of countries has something to say. */
const networks = (
  '8.8.8 128.32.7 3.81.9 35.165.3 15.223.1 99.80.4 193.0.6 130.88.9 18.185.7 62.2.24 13.37.8 ' +
  '133.11.5 126.0.7 219.74.3 52.74.9 13.127.2 115.240.6 1.128.5 130.102.4 200.160.2 196.21.7 ' +
  '54.232.8 41.0.9 203.2.218 210.130.4'
).split(' ');

/** The question for a name from every network in turn. */
const questions = (name: string): readonly Buffer[] =>
  networks.map((network, index) => {
    const edns = { options: [clientSubnetOption(`${network}.0/24`)] };
    return Buffer.from(serializeMessage(queryMessage({ id: index, name, type: 1, edns })));
  });
const latencyRecord = questions('api.orders.test.');
const plainRecord = questions('plain.orders.test.');

export async function run(): Promise<void> {
  await answers();
  await growth.run();
  await checks.run();
}

async function answers(): Promise<void> {
  await using cloud = await startCloud({ args: [app] });
  await addPlainRecord(cloud);
  const echo = await forkServer('dns-echo.ts');
  const open = await listenEverywhere(['127.0.1.1', '127.0.12.1', '127.0.30.1']);
  const geo = await startGeo();
  const lua = await startLua(open.port);
  // Only the edge answers: region processes are its children, but their time is not DNS's.
  const orrery = { port: Number(cloud.status.dns.split(':')[1]), pid: cloud.pid, answers: true };
  const contender = (name: string, target: Target): Contender => ({ name, run: () => ask(target) });
  const peer = (name: string, server: typeof geo, packets: readonly Buffer[]): Contender[] =>
    server === undefined ? [] : [contender(name, { ...server, packets, answers: true })];
  report(
    'DNS, latency record of three regions',
    await rounds(
      [
        contender('orrery', { ...orrery, packets: latencyRecord }),
        contender('node dgram echo', { ...echo, packets: latencyRecord, answers: false }),
        ...peer('PowerDNS, GEO (no health)', geo, latencyRecord),
        ...peer('PowerDNS, LUA ifportup', lua, latencyRecord),
      ],
      5,
    ),
    'goal ≥ 0.7 × the echo, ≥ 1 × PowerDNS',
  );
  report(
    'DNS, plain A record',
    await rounds(
      [
        contender('orrery', { ...orrery, packets: plainRecord }),
        contender('node dgram echo', { ...echo, packets: plainRecord, answers: false }),
        ...peer('PowerDNS, bind', lua, plainRecord),
      ],
      3,
    ),
    'no goal',
  );
  if (geo === undefined) {
    console.log('  PowerDNS (pdns-server, pdns-backend-geoip, geoip-database) is not installed');
  }
  for (const one of [geo, lua, echo]) one?.stop();
  open.close();
}

async function addPlainRecord(cloud: CloudProcess): Promise<void> {
  const route53 = new Route53({
    endpoint: cloud.status.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { HostedZones } = await route53.listHostedZonesByName({ DNSName: 'orders.test' });
  const ResourceRecordSet = {
    Name: 'plain.orders.test',
    Type: 'A' as const,
    TTL: 60,
    ResourceRecords: [{ Value: '127.0.1.1' }],
  };
  const { ChangeInfo } = await route53.changeResourceRecordSets({
    HostedZoneId: HostedZones?.[0]?.Id,
    ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet }] },
  });
  const Id = ChangeInfo?.Id;
  while ((await route53.getChange({ Id })).ChangeInfo?.Status !== 'INSYNC') {
    await new Promise((next) => setTimeout(next, 50));
  }
  route53.destroy();
}

/** One port that takes connections on each of the addresses: what PowerDNS's checks look at. */
async function listenEverywhere(
  hosts: readonly string[],
): Promise<{ port: number; close(): void }> {
  const servers = hosts.map(() => createServer((socket) => socket.destroy()));
  let port = 0;
  for (const [index, server] of servers.entries()) {
    await new Promise<void>((done) => server.listen(port, hosts[index], done));
    const address = server.address();
    if (typeof address === 'object') port = address?.port ?? 0;
  }
  const close = (): void => {
    for (const server of servers) server.close();
  };
  return { port, close };
}
