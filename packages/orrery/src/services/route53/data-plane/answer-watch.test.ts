import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProbeData } from '../../../io/io.ts';
import { regionIp, regionOfIp } from '../../../world/addresses.ts';
import { places } from '../../../world/places.ts';
import { records, TestCloud } from '../cloud.fake.ts';
import type { RecordSet } from '../record-set.ts';
import { HealthDependents } from './health-dependents.ts';

const regions = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];

interface Told {
  readonly kind: string;
  readonly data: ProbeData;
}

async function setUp() {
  const told: Told[] = [];
  const cloud = await TestCloud.make({ watchesAnswers: true }, 7, (io) => ({
    ...io,
    probe: { ...io.probe, event: (kind, data) => void told.push({ kind, data }) },
  }));
  const zone = await cloud.zone('app.test');
  const checks = new Map<string, string>();
  for (const region of regions) {
    cloud.region(region);
    const made = await cloud.call('CreateHealthCheck', {
      CallerReference: region,
      HealthCheckConfig: { Type: 'HTTP', IPAddress: regionIp(region), RequestInterval: 10 },
    });
    checks.set(region, made.HealthCheck.Id);
  }
  const latency = (Name: string) =>
    regions.map((region): readonly [string, Partial<RecordSet>] => [
      'CREATE',
      records(Name, 'A', [regionIp(region)], {
        SetIdentifier: region,
        Region: region,
        HealthCheckId: checks.get(region) ?? '',
      }),
    ]);
  const answers = (): ProbeData[] =>
    told
      .splice(0)
      .filter(({ kind }) => kind === 'dns-answers')
      .map(({ data }) => data);
  return { cloud, zone, checks, latency, answers };
}

describe('a change of health', () => {
  it('is told by place, as the name servers answer before and after', async () => {
    const { cloud, zone, latency, answers } = await setUp();
    await cloud.change(zone, ...latency('api.app.test'));
    await cloud.sleep(15_000);
    const dig = () =>
      new Map(places.map(({ name }) => [name, cloud.dig('api.app.test', 'A', name)]));
    const before = dig();
    cloud.universe.crash('ap-northeast-1');
    await cloud.sleep(40_000);
    const after = dig();
    const moves = answers();
    assert.ok(moves.length >= 2, 'some go to one region, some to another');
    const moved = new Map<string, ProbeData>();
    for (const move of moves) {
      const who = String(move['places']).split(' ');
      assert.equal(move['count'], who.length);
      for (const place of who) moved.set(place, move);
    }
    assert.ok(moved.has('tokyo') && !moved.has('frankfurt'));
    for (const { name } of places) {
      const move = moved.get(name);
      const [was, is] = [before.get(name) ?? '', after.get(name) ?? ''];
      assert.equal(move !== undefined, was !== is, name);
      if (move === undefined) continue;
      assert.deepEqual([move['from'], move['to']], [regionOfIp(was), regionOfIp(is)], name);
    }
    cloud.universe.restart('ap-northeast-1');
    await cloud.sleep(40_000);
    const back = answers();
    assert.deepEqual(
      back.map((move) => [move['to'], move['from'], move['places']]),
      moves.map((move) => [move['from'], move['to'], move['places']]),
    );
  });

  it('is told of aliases above, of calculated checks, and of what chance chooses from', async () => {
    const { cloud, zone, checks, answers } = await setUp();
    const calculated = await cloud.call('CreateHealthCheck', {
      CallerReference: 'both',
      HealthCheckConfig: {
        Type: 'CALCULATED',
        ChildHealthChecks: [...checks.values()],
        HealthThreshold: 3,
      },
    });
    const alias = (Name: string, DNSName: string, EvaluateTargetHealth: boolean, more = {}) => {
      const { TTL: _ttl, ResourceRecords: _values, ...rest } = records(Name, 'A', [], more);
      const AliasTarget = {
        HostedZoneId: zone.replace('/hostedzone/', ''),
        DNSName,
        EvaluateTargetHealth,
      };
      return ['CREATE', { ...rest, AliasTarget }] as const;
    };
    const weighted = (region: string) => {
      const HealthCheckId = checks.get(region) ?? '';
      const set = { SetIdentifier: region, Weight: 1, HealthCheckId };
      return ['CREATE', records('pool.app.test', 'A', [regionIp(region)], set)] as const;
    };
    const failover = (Failover: 'PRIMARY' | 'SECONDARY', value: string, id?: string) =>
      [
        'CREATE',
        records('all.app.test', 'A', [value], {
          SetIdentifier: Failover,
          Failover,
          ...(id !== undefined && { HealthCheckId: id }),
        }),
      ] as const;
    await cloud.change(
      zone,
      ...regions.map(weighted),
      failover('PRIMARY', '192.0.2.1', calculated.HealthCheck.Id),
      failover('SECONDARY', '192.0.2.2'),
      ['CREATE', records('away.app.test', 'A', ['192.0.2.9'])],
    );
    await cloud.change(
      zone,
      alias('top.app.test', 'pool.app.test', true, { SetIdentifier: 'p', Failover: 'PRIMARY' }),
      alias('top.app.test', 'away.app.test', false, { SetIdentifier: 's', Failover: 'SECONDARY' }),
    );
    await cloud.sleep(15_000);
    const told = (): string[] =>
      answers().map(
        ({ name, from, to, count }) => `${name}: ${from} → ${to} ${count === places.length}`,
      );
    cloud.universe.crash('us-east-1');
    await cloud.sleep(40_000);
    const two = 'one of ap-northeast-1, eu-central-1';
    assert.deepEqual(told().sort(), [
      'all.app.test: 192.0.2.1 → 192.0.2.2 true',
      `pool.app.test: one of ap-northeast-1, eu-central-1, us-east-1 → ${two} true`,
      `top.app.test: one of ap-northeast-1, eu-central-1, us-east-1 → ${two} true`,
    ]);
    cloud.universe.crash('eu-central-1');
    cloud.universe.crash('ap-northeast-1');
    await cloud.sleep(40_000);
    const last = told().findLast((one) => one.startsWith('top.')) ?? '';
    assert.match(last, /^top\.app\.test: .* → 192\.0\.2\.9 true/, 'backs out of a dead branch');
  });
});

describe('the index of who hangs on which check', () => {
  it('follows its groups as they change and go', () => {
    const index = new HealthDependents();
    const group = (name: string) => ({ zoneId: 'Z', name, type: 'A' });
    const names = (...ids: string[]) =>
      index
        .of(ids)
        .map(({ name }) => name)
        .sort();
    const checked = (...ids: string[]): RecordSet[] =>
      ids.map((HealthCheckId) => ({ Name: 'x.', Type: 'A', HealthCheckId }));
    const alias = (to: string, EvaluateTargetHealth: boolean): RecordSet => ({
      Name: 'x.',
      Type: 'A',
      AliasTarget: { HostedZoneId: 'Z', DNSName: to, EvaluateTargetHealth },
    });
    index.set(group('a.'), checked('1', '2'));
    index.set(group('b.'), checked('2'));
    index.set(group('c.'), [alias('A', true)]);
    index.set(group('d.'), [alias('c.', true)]);
    index.set(group('e.'), [alias('a.', false)]);
    index.set(group('loop1.'), [alias('loop2.', true), ...checked('9')]);
    index.set(group('loop2.'), [alias('loop1.', true)]);
    assert.deepEqual(names('1'), ['a.', 'c.', 'd.']);
    assert.deepEqual(names('2'), ['a.', 'b.', 'c.', 'd.']);
    assert.deepEqual(names('9'), ['loop1.', 'loop2.']);
    index.set(group('a.'), checked('3'));
    assert.deepEqual([names('1'), names('3')], [[], ['a.', 'c.', 'd.']]);
    index.set(group('c.'), []);
    index.set(group('b.'), []);
    assert.deepEqual([names('2'), names('3')], [[], ['a.']]);
  });
});
