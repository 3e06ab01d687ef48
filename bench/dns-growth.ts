/**
 * Route 53 grown large: ten thousand zones, one zone of a million records (`GROWTH_RECORDS=100000`
 * for fewer). What an answer costs in the large zone and in a small one,
 * how long a batch of 1,000 changes takes and who waits meanwhile, memory, lists, a restart.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Route53 } from '@aws-sdk/client-route-53';
import { queryMessage, serializeMessage } from '../packages/orrery/src/wire/dns/message.ts';
import { type CloudProcess, startCloud } from '../packages/orrery/test/cloud-process.ts';
import { ask, askInTurn, type Target } from './dns-load.ts';
import { cpuSeconds } from './load.ts';
import { report, rounds } from './rounds.ts';

const recordCount = Number(process.env['GROWTH_RECORDS'] ?? 1_000_000);
const zoneCount = Number(process.env['GROWTH_ZONES'] ?? 10_000);
const smallCount = 1_000;
const batchSize = 1_000;
const args = ['--regions', 'us-east-1', '--latency', 'off'];

interface Grown {
  readonly cloud: CloudProcess;
  readonly client: Route53;
}

export async function run(): Promise<void> {
  console.log(`\nDNS, grown: ${zoneCount} zones, ${recordCount} records in one more`);
  let grown = await open();
  const { dataDir } = grown.cloud;
  try {
    const empty = memoryOf(grown.cloud.pid);
    const small = await createZone(grown.client, 'small.test');
    await fill(grown, small, 'small.test', 0, smallCount);
    await batches('1,000 changes in a zone of 1,000 records', grown, small, 'small.test');
    await manyZones(grown);
    const before = memoryOf(grown.cloud.pid);
    console.log(`  memory: ${mib(empty)} MiB empty, ${mib(before)} with ${zoneCount} zones`);
    const large = await createZone(grown.client, 'large.test');
    await whileAsking(grown, async () => {
      const startedAt = performance.now();
      const times = await fill(grown, large, 'large.test', 0, recordCount);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      console.log(`  ${recordCount} records in ${seconds} s, ${shown('a batch', times)}`);
    });
    await batches(`1,000 changes in a zone of ${recordCount} records`, grown, large, 'large.test');
    const after = memoryOf(grown.cloud.pid);
    const each = ((after - before) / recordCount).toFixed(0);
    console.log(`  memory: ${mib(after)} MiB, ${each} octets per record`);
    await grown.cloud.stop();
    const startedAt = performance.now();
    grown = await open(dataDir);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const again = memoryOf(grown.cloud.pid);
    const eachAgain = ((again - empty) / recordCount).toFixed(0);
    console.log(`  started again in ${seconds} s, memory then ${mib(again)} MiB,`);
    console.log(`    ${eachAgain} octets per record, zones included`);
    await answers(grown);
  } finally {
    await grown.cloud[Symbol.asyncDispose]();
  }
}

async function open(dataDir?: string): Promise<Grown> {
  const cloud = await startCloud({ args, ...(dataDir === undefined ? {} : { dataDir }) });
  const client = new Route53({
    endpoint: cloud.status.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return { cloud, client };
}

async function createZone(client: Route53, Name: string): Promise<string> {
  const { HostedZone } = await client.createHostedZone({ Name, CallerReference: Name });
  return HostedZone?.Id?.split('/').at(-1) ?? '';
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const authorization =
  'AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/route53/aws4_request, ' +
  'SignedHeaders=host, Signature=0';

/** One request as it stands, and the milliseconds until its answer is whole. */
function post(grown: Grown, path: string, body: string): Promise<number> {
  const url = new URL(path, grown.cloud.status.endpoint);
  const startedAt = performance.now();
  return new Promise((done, fail) => {
    const headers = { authorization, 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.on('data', (piece) => {
        text += piece;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) done(performance.now() - startedAt);
        else fail(new Error(`${answer.statusCode} ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

const nameOf = (n: number, zone: string): string => `host-${String(n).padStart(7, '0')}.${zone}`;

function batchXml(action: 'CREATE' | 'DELETE', zone: string, from: number, to: number): string {
  let changes = '';
  for (let n = from; n < to; n += 1) {
    changes +=
      `<Change><Action>${action}</Action><ResourceRecordSet><Name>${nameOf(n, zone)}</Name>` +
      '<Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>' +
      `<Value>10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}</Value>` +
      '</ResourceRecord></ResourceRecords></ResourceRecordSet></Change>';
  }
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">' +
    `<ChangeBatch><Changes>${changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`
  );
}

/** Creates records in batches, and says how far it is. */
async function fill(
  grown: Grown,
  id: string,
  zone: string,
  from: number,
  to: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let n = from; n < to; n += batchSize) {
    const xml = batchXml('CREATE', zone, n, Math.min(to, n + batchSize));
    times.push(await post(grown, `/2013-04-01/hostedzone/${id}/rrset`, xml));
    const done = n + batchSize;
    if (done < to && done % 250_000 === 0) console.log(`    ${done} records are in`);
  }
  await insync(grown);
  return times;
}

/** Changes are served in the order in which they came: once a further one is, all are. */
async function insync({ client }: Grown): Promise<void> {
  const CallerReference = `marker-${performance.now()}`;
  const made = await client.createHostedZone({ Name: 'marker.test', CallerReference });
  const Id = made.ChangeInfo?.Id;
  while ((await client.getChange({ Id })).ChangeInfo?.Status !== 'INSYNC') {
    await new Promise((next) => setTimeout(next, 50));
  }
  await client.deleteHostedZone({ Id: made.HostedZone?.Id });
}

/** A thousand names come and go, again and again. */
async function batches(title: string, grown: Grown, id: string, zone: string): Promise<void> {
  const times: number[] = [];
  const first = 9_000_000;
  const cpuBefore = cpuSeconds([grown.cloud.pid], 'alone');
  for (let round = 0; round < 30; round += 1) {
    for (const action of ['CREATE', 'DELETE'] as const) {
      const xml = batchXml(action, zone, first, first + batchSize);
      times.push(await post(grown, `/2013-04-01/hostedzone/${id}/rrset`, xml));
    }
  }
  await insync(grown);
  const cpuMs = (1_000 * (cpuSeconds([grown.cloud.pid], 'alone') - cpuBefore)) / times.length;
  console.log(`  ${shown(title, times.slice(4))} (goal: 50 ms)`);
  console.log(`    ${cpuMs.toFixed(1)} ms of processor time each, until it is served`);
}

function shown(what: string, times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string =>
    `${(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)}`;
  return `${what}: p50 ${at(0.5)} ms, p95 ${at(0.95)}, most ${at(1)}`;
}

async function manyZones(grown: Grown): Promise<void> {
  const path = '/2013-04-01/hostedzone';
  const startedAt = performance.now();
  for (let n = 0; n < zoneCount; n += 1) {
    const Name = `zone-${n}.test`;
    const body =
      '<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">' +
      `<Name>${Name}</Name><CallerReference>${Name}</CallerReference></CreateHostedZoneRequest>`;
    await postCreated(grown, path, body);
  }
  await insync(grown);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`  ${zoneCount} zones in ${seconds} s`);
  const { client } = grown;
  const timed = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const at = performance.now();
      await run();
      times.push(performance.now() - at);
    }
    console.log(`    ${shown(what, times)}`);
  };
  await timed('list of one zone', () => client.listHostedZones({ MaxItems: 1 }));
  await timed('list of 100 zones', () => client.listHostedZones({}));
  await timed('list by name, one zone', () =>
    client.listHostedZonesByName({ DNSName: 'zone-7000.test', MaxItems: 1 }),
  );
  await timed('count', () => client.getHostedZoneCount({}));
}

async function postCreated(grown: Grown, path: string, body: string): Promise<void> {
  await post(grown, path, body).catch((error: unknown) => {
    if (!String(error).includes('201 ')) throw error;
  });
}

/** The longest that a question waits meanwhile. */
async function whileAsking(grown: Grown, work: () => Promise<void>): Promise<void> {
  const port = Number(grown.cloud.status.dns.split(':')[1]);
  const socket = createSocket('udp4');
  const sentAt = new Map<number, number>();
  const waits: number[] = [];
  let id = 0;
  socket.on('message', (answer) => {
    const at = sentAt.get(answer.readUInt16BE(0));
    if (at !== undefined) waits.push(performance.now() - at);
    sentAt.delete(answer.readUInt16BE(0));
  });
  const timer = setInterval(() => {
    id = (id + 1) % 65_536;
    sentAt.set(id, performance.now());
    socket.send(
      serializeMessage(queryMessage({ id, name: nameOf(1, 'small.test'), type: 1 })),
      port,
    );
  }, 5);
  await work();
  clearInterval(timer);
  socket.close();
  console.log(`    ${shown('an answer meanwhile', waits)}`);
}

/** Questions for names all over a zone, in no order. */
function questionsIn(zone: string, count: number): Buffer[] {
  return Array.from({ length: Math.min(count, 200_000) }, (_, n) => {
    const name = nameOf((n * 7_919) % count, zone);
    return Buffer.from(serializeMessage(queryMessage({ id: n & 65_535, name, type: 1 })));
  });
}

async function answers(grown: Grown): Promise<void> {
  const port = Number(grown.cloud.status.dns.split(':')[1]);
  const target = (zone: string, count: number): Target => ({
    port,
    pid: grown.cloud.pid,
    packets: questionsIn(zone, count),
    answers: true,
  });
  const large = target('large.test', recordCount);
  const small = target('small.test', smallCount);
  const few = target('large.test', smallCount);
  // The first two differ by the size of the zone alone, the last also by how often a name is asked again.
  const contenders = [
    { name: 'a thousand names, large zone', run: () => ask(few) },
    { name: 'a thousand names, small zone', run: () => ask(small) },
    { name: 'names all over the large zone', run: () => ask(large) },
  ];
  report('DNS, grown: answers', await rounds(contenders, 5), 'goal: within 15 %');
  await waits([
    ['a thousand names, large zone', few],
    ['a thousand names, small zone', small],
    ['names all over the large zone', large],
  ]);
}

/** How long a client waits that asks one question after the other. */
async function waits(targets: readonly (readonly [string, Target])[]): Promise<void> {
  const all = targets.map((): number[] => []);
  for (let round = 0; round < 8; round += 1) {
    for (const [at, [, target]] of targets.entries()) {
      all[at]?.push(...(await askInTurn(target, 1_000)));
    }
  }
  console.log('  one question after the other, until the answer is there:');
  for (const [at, [name]] of targets.entries()) {
    const sorted = (all[at] ?? []).sort((a, b) => a - b);
    const p = (share: number): string =>
      (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
    console.log(`    ${name.padEnd(30)} p50 ${p(0.5)} µs, p95 ${p(0.95)}`);
  }
}

/** Memory that is the process's own: not the pages of files, which the system may drop. */
function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
}

const mib = (octets: number): string => (octets / 1_048_576).toFixed(0);
