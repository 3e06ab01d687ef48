/**
 * `orrery dig` and `orrery routing-control` as typed, against a cloud with a geo-IP database, a
 * latency table, a private zone and routing controls.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Change, Route53, waitUntilResourceRecordSetsChanged } from '@aws-sdk/client-route-53';
import { cityRecord, mmdbOf } from '../src/world/mmdb.fake.ts';
import { type CloudProcess, startCloud } from './cloud-process.ts';

const arn = (name: string) =>
  `arn:aws:route53-recovery-control::000000000000:controlpanel/p/routingcontrol/${name}`;
const folder = mkdtempSync(join(tmpdir(), 'orrery-dig-'));
let cloud: CloudProcess;
let client: Route53;

const record = (Name: string, Value: string, more: object = {}): Change => ({
  Action: 'CREATE',
  ResourceRecordSet: { Name, Type: 'A', TTL: 60, ResourceRecords: [{ Value }], ...more },
});

async function zone(name: string, changes: Change[], more: object = {}): Promise<void> {
  const made = await client.createHostedZone({ Name: name, CallerReference: name, ...more });
  const { ChangeInfo } = await client.changeResourceRecordSets({
    HostedZoneId: made.HostedZone?.Id ?? '',
    ChangeBatch: { Changes: changes },
  });
  const patience = { client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.2 };
  await waitUntilResourceRecordSetsChanged(patience, { Id: ChangeInfo?.Id ?? '' });
}

before(async () => {
  const geoip = join(folder, 'city.mmdb');
  const table = join(folder, 'table.json');
  const city = { '192.0.2.0/24': cityRecord('NZ', 'Nelson', [-41.3, 173.3]) };
  writeFileSync(geoip, mmdbOf(city));
  const rows = { lima: { 'eu-west-1': 2 }, '203.0.113.0/24': { place: 'osaka', 'us-east-1': 1 } };
  writeFileSync(table, JSON.stringify(rows));
  const files = ['--geoip', geoip, '--latency-table', table];
  cloud = await startCloud({ args: ['--regions', 'us-east-1', ...files] });
  client = new Route53({
    endpoint: cloud.status.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const near = ['us-east-1', 'eu-west-1', 'ap-southeast-2'].map((Region, i) =>
    record('near.dig.test', `10.0.0.${i + 1}`, { SetIdentifier: Region, Region }),
  );
  const checks = await Promise.all(
    ['left', 'right'].map((name) =>
      client.createHealthCheck({
        CallerReference: name,
        HealthCheckConfig: { Type: 'RECOVERY_CONTROL', RoutingControlArn: arn(name) },
      }),
    ),
  );
  const switched = checks.map(({ HealthCheck }, i) =>
    record('switch.dig.test', `10.0.1.${i + 1}`, {
      SetIdentifier: String(i),
      Failover: i === 0 ? 'PRIMARY' : 'SECONDARY',
      HealthCheckId: HealthCheck?.Id,
    }),
  );
  const long = Array.from({ length: 8 }, (_, i) => ({ Value: `"${String(i).repeat(250)}"` }));
  const text = { Name: 'long.dig.test', Type: 'TXT', TTL: 60, ResourceRecords: long } as const;
  await zone('dig.test', [
    ...near,
    ...switched,
    { Action: 'CREATE', ResourceRecordSet: text },
    record('inside.dig.test', '192.0.2.1'),
  ]);
  const VPC = { VPCId: 'vpc-1', VPCRegion: 'eu-west-1' };
  await zone('inside.dig.test', [record('inside.dig.test', '10.9.9.9')], { VPC });
});

after(async () => {
  client?.destroy();
  await cloud?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly transport: string;
  readonly answers: readonly { readonly value: string }[];
}

async function values(...args: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await cloud.orrery('dig', '--json', ...args);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as Answer).answers.map(({ value }) => value);
}

describe('orrery dig', () => {
  it('asks from a real subnet, which the geo-IP database places', async () => {
    assert.deepEqual(await values('--from', '192.0.2.0/24', 'near.dig.test'), ['10.0.0.3']);
    const { stdout } = await cloud.orrery(
      'dig',
      '--from',
      '192.0.2.7',
      '--explain',
      'near.dig.test',
    );
    assert.match(stdout, /NOERROR for a client at 192\.0\.2\.7/);
    assert.match(stdout, /client in Nelson, NZ, OC \(-41\.3, 173\.3\), by GeoLite2-City/);
    assert.match(stdout, /\* ap-southeast-2/);
  });

  it('follows the latency table, by place and by subnet', async () => {
    assert.deepEqual(await values('--from', 'lima', 'near.dig.test'), ['10.0.0.2']);
    assert.deepEqual(await values('--from', '203.0.113.0/24', 'near.dig.test'), ['10.0.0.1']);
    const { stdout } = await cloud.orrery('dig', '--from', 'lima', '--explain', 'near.dig.test');
    assert.match(stdout, /\* eu-west-1: eu-west-1, 2 ms/);
  });

  it('asks from inside a VPC, by its id or its region', async () => {
    assert.deepEqual(await values('--from', 'lima', 'inside.dig.test'), ['192.0.2.1']);
    assert.deepEqual(await values('--vpc', 'vpc-1', 'inside.dig.test'), ['10.9.9.9']);
    assert.deepEqual(await values('--vpc', 'eu-west-1', 'inside.dig.test'), ['10.9.9.9']);
    assert.deepEqual(await values('--vpc', 'vpc-2', 'inside.dig.test'), ['192.0.2.1']);
    const { stdout } = await cloud.orrery('dig', '--vpc', 'vpc-1', '--explain', 'inside.dig.test');
    assert.match(stdout, /client in Dublin, IE, EU .*, by its VPC/);
    assert.match(stdout, /answer inside\.dig\.test\. 60 A 10\.9\.9\.9/);
  });

  it('asks a server that is named, over UDP and TCP', async () => {
    const at = `@${cloud.status.dns}`;
    assert.deepEqual(await values(at, 'near.dig.test'), ['10.0.0.1']);
    const transport = async (...args: string[]) => {
      const { stdout } = await cloud.orrery('dig', '--json', ...args);
      return (JSON.parse(stdout) as Answer).transport;
    };
    const server = ['--server', cloud.status.dns];
    assert.equal(await transport(...server, 'near.dig.test'), 'UDP');
    assert.equal(await transport(...server, '--tcp', 'near.dig.test'), 'TCP');
    assert.equal(await transport(...server, '--type', 'txt', 'long.dig.test'), 'TCP');
    const nobody = await cloud.orrery('dig', '@127.0.0.1:1', 'near.dig.test');
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /No DNS answer from 127\.0\.0\.1 port 1: nobody listens there/);
  });

  it('shows the world as a map within 80 columns, as a table, and with a failure', async () => {
    const world = await cloud.orrery('dig', '--world', 'near.dig.test');
    assert.equal(world.code, 0, world.stderr);
    const lines = world.stdout.trimEnd().split('\n');
    assert.ok(
      lines.every((line) => line.length <= 80),
      world.stdout,
    );
    assert.ok(lines.length <= 24, `${lines.length} lines`);
    assert.match(world.stdout, /^near\.dig\.test A: who is sent where\n/);
    assert.match(world.stdout, /A {2}ap-southeast-2 +\d+ +\d+ ms +\d+ ms from [a-z-]+/);
    assert.match(world.stdout, /B {2}eu-west-1 .*\nC {2}us-east-1 /);
    const table = await cloud.orrery('dig', '--world', '--table', 'near.dig.test');
    assert.match(table.stdout, /^lima +eu-west-1 +2 ms +10\.0\.0\.2$/m);
    const svg = await cloud.orrery('dig', '--world', '--svg', 'near.dig.test');
    assert.match(svg.stdout, /^<svg[\s\S]*<\/svg>\n$/);
  });

  it('refuses what does not go together, in one line', async () => {
    const cases: readonly (readonly [RegExp, ...string[]])[] = [
      [/no place "tokio"\. Did you mean tokyo/, '--from', 'tokio', 'x.test'],
      [/"300\.1\.1\.1\/8"|no place/, '--from', '300.1.1.1/8', 'x.test'],
      [/is no subnet/, '--from', '10.0.0.0/99', 'x.test'],
      [/type is given twice/, '--from', 'lima', '--type', 'A', 'x.test', 'AAAA'],
      [/is no DNS record type/, '--from', 'lima', '--type', 'Z', 'x.test'],
      [/One server at a time/, '@127.0.0.1', '--server', '127.0.0.1', 'x.test'],
      [/--server takes a host and port/, '@127.0.0.1:x', 'x.test'],
      [/leave out --from/, '--world', '--from', 'lima', 'x.test'],
      [/--table lists/, '--table', '--from', 'lima', 'x.test'],
      [/also "c"/, '--from', 'lima', 'x.test', 'A', 'c'],
    ];
    for (const [words, ...args] of cases) {
      const { code, stderr } = await cloud.orrery('dig', ...args);
      assert.match(stderr, words);
      assert.equal(code, 2, args.join(' '));
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
  });
});

describe('orrery routing-control', () => {
  const address = () => values('--from', 'lima', 'switch.dig.test');

  it('lists and switches; answers follow at once', async () => {
    const list = await cloud.orrery('routing-control', 'list');
    assert.match(list.stdout, /^left +off .*\nright +off /m);
    assert.deepEqual(await address(), ['10.0.1.1'], 'both off: last resort');
    const set = await cloud.orrery('routing-control', 'set', 'left', 'off', 'right', 'On');
    assert.equal(set.code, 0, set.stderr);
    assert.deepEqual(await address(), ['10.0.1.2']);
    await cloud.orrery('routing-control', 'set', arn('left'), 'on');
    assert.deepEqual(await address(), ['10.0.1.1']);
    const { stdout } = await cloud.orrery('routing-control', 'list', '--json');
    const controls = JSON.parse(stdout) as { arn: string; on: boolean }[];
    assert.deepEqual(
      controls.map((each) => [each.arn, each.on]),
      [
        [arn('left'), true],
        [arn('right'), true],
      ],
    );
  });

  it('refuses what is none, and switches nothing of a list that is wrong', async () => {
    const unknown = await cloud.orrery('routing-control', 'set', 'middle', 'on');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no routing control "middle"\. There are: .*left.*right/);
    for (const args of [['set', 'left'], ['set', 'left', 'off', 'right', 'up'], [], ['flip']]) {
      const wrong = await cloud.orrery('routing-control', ...args);
      assert.equal(wrong.code, 2, args.join(' '));
    }
    assert.deepEqual(await address(), ['10.0.1.1']);
  });
});
