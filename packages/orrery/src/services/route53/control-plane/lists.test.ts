/** Lists against a model of their order, whole and in pages, from any point. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createUniverse } from '../../../io/simulated/universe.ts';
import { TestCloud } from '../cloud.fake.ts';
import { keyOf, rangeOf, reversedName } from '../keys.ts';
import type { RecordSet } from '../record-set.ts';
import type { ZoneRecord } from './plane.ts';
import { buildIndexes, countOf, indexZone, privateZones, zonesByName } from './zone-index.ts';

/** Byte by byte, as the guide's "ASCII order". */
const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const bySets = (a: RecordSet, b: RecordSet): number =>
  compare(reversedName(a.Name), reversedName(b.Name)) ||
  compare(a.Type, b.Type) ||
  compare(a.SetIdentifier ?? '', b.SetIdentifier ?? '');

const line = (set: RecordSet): string => [set.Name, set.Type, set.SetIdentifier ?? ''].join(' ');

describe('ListResourceRecordSets', () => {
  // Characters on both sides of the dot in ASCII, escaped ones among them.
  const label = fc.constantFrom('a', 'b', 'a-b', 'a\\041', 'a_b', '\\052', 'z0', '0', 'a\\056b');
  const name = fc
    .array(label, { maxLength: 3 })
    .map((labels) => [...labels, 'list.test.'].join('.'));
  const valuesOf: Readonly<Record<string, string>> = { A: '192.0.2.1', AAAA: '::1', TXT: '"t"' };
  const set: fc.Arbitrary<RecordSet> = fc
    .record({
      name,
      type: fc.constantFrom('A', 'AAAA', 'TXT'),
      id: fc.constantFrom('1', '10', '2', 'B', 'a', 'é', '~'),
    })
    .map((of) => ({
      Name: of.name,
      Type: of.type,
      SetIdentifier: of.id,
      Weight: 1,
      TTL: 60,
      ResourceRecords: [{ Value: valuesOf[of.type] ?? '' }],
    }));
  const start = fc.record({
    name: fc.oneof(name, fc.constant('aa.list.test.')),
    type: fc.option(fc.constantFrom('A', 'AAAA', 'CAA', 'TXT', 'SVCB'), { nil: undefined }),
    id: fc.option(fc.constantFrom('1', '11', 'C', 'z'), { nil: undefined }),
  });

  test('follows its order in pages of any size, from any point', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(set, { selector: line, minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 9 }),
        start,
        async (sets, size, from) => {
          const cloud = await TestCloud.make();
          const HostedZoneId = await cloud.zone('list.test');
          await cloud.change(HostedZoneId, ...sets.map((each) => ['CREATE', each] as const));
          const read = async (given: object, pageSize: number): Promise<string[]> => {
            const seen: string[] = [];
            for (let at: object | undefined = given; at !== undefined; ) {
              const page = await cloud.call('ListResourceRecordSets', {
                HostedZoneId,
                MaxItems: pageSize,
                ...at,
              });
              const found = page['ResourceRecordSets'] as RecordSet[];
              assert.ok(found.length <= pageSize);
              assert.equal(page['IsTruncated'], page['NextRecordName'] !== undefined);
              if (page['IsTruncated'] === true) assert.equal(found.length, pageSize);
              seen.push(...found.map(line));
              at =
                page['NextRecordName'] === undefined
                  ? undefined
                  : {
                      StartRecordName: page['NextRecordName'],
                      StartRecordType: page['NextRecordType'],
                      StartRecordIdentifier: page['NextRecordIdentifier'],
                    };
            }
            return seen;
          };
          const apex = ['NS', 'SOA'].map((Type) => ({ Name: 'list.test.', Type }));
          const ordered = [...apex, ...sets].sort(bySets);
          assert.deepEqual(await read({}, size), ordered.map(line));
          const { name: StartRecordName, type: StartRecordType } = from;
          const StartRecordIdentifier = StartRecordType === undefined ? undefined : from.id;
          const point = {
            Name: StartRecordName,
            Type: StartRecordType ?? '',
            ...(StartRecordIdentifier !== undefined && { SetIdentifier: StartRecordIdentifier }),
          };
          assert.deepEqual(
            await read({ StartRecordName, StartRecordType, StartRecordIdentifier }, size),
            ordered.filter((each) => bySets(each, point) >= 0).map(line),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('counts characters as they are, not as they are written', async () => {
    const cloud = await TestCloud.make();
    const HostedZoneId = await cloud.zone('list.test');
    const labels = ['a', '0', '*', 'a-b', 'a!b', 'a0b', 'x.a'];
    const sets = labels.map((each) => ({
      Name: `${each}.list.test`,
      Type: 'A',
      TTL: 60,
      ResourceRecords: [{ Value: '192.0.2.1' }],
    }));
    await cloud.change(HostedZoneId, ...sets.map((each) => ['CREATE', each] as const));
    const page = await cloud.call('ListResourceRecordSets', { HostedZoneId });
    const names = (page['ResourceRecordSets'] as RecordSet[]).slice(2).map(({ Name }) => Name);
    assert.deepEqual(
      names,
      ['\\052', '0', 'a\\041b', 'a-b', 'a', 'x.a', 'a0b'].map((each) => `${each}.list.test.`),
    );
  });

  test('gives at most 300 sets at a time', async () => {
    const cloud = await TestCloud.make();
    const HostedZoneId = await cloud.zone('list.test');
    const sets = Array.from({ length: 302 }, (_, i) => ({
      Name: `n${i}.list.test`,
      Type: 'A',
      TTL: 60,
      ResourceRecords: [{ Value: '192.0.2.1' }],
    }));
    await cloud.change(HostedZoneId, ...sets.map((each) => ['CREATE', each] as const));
    for (const MaxItems of [undefined, 300, 301, 1000]) {
      const page = await cloud.call('ListResourceRecordSets', { HostedZoneId, MaxItems });
      assert.equal((page['ResourceRecordSets'] as object[]).length, 300);
      assert.equal(page['IsTruncated'], true);
    }
  });
});

describe('lists of zones', () => {
  const zone = fc.record({
    name: fc
      .array(fc.constantFrom('a', 'b', 'a-b', 'c'), { minLength: 1, maxLength: 3 })
      .map((labels) => `${labels.join('.')}.test.`),
    isPrivate: fc.boolean(),
    isDeleted: fc.boolean(),
  });
  type Listed = readonly { readonly Id: string; readonly Name: string }[];

  test('by id, by name and by VPC agree with the zones that there are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(zone, { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (wanted, MaxItems) => {
          const cloud = await TestCloud.make();
          const left: { id: string; name: string; isPrivate: boolean }[] = [];
          for (const [index, { name, isPrivate, isDeleted }] of wanted.entries()) {
            const VPC = { VPCId: `vpc-${index}`, VPCRegion: 'us-east-1' };
            const made = await cloud.call('CreateHostedZone', {
              Name: name,
              CallerReference: String(index),
              ...(isPrivate && { VPC }),
            });
            const id = made.HostedZone.Id.replace('/hostedzone/', '');
            if (isDeleted) await cloud.call('DeleteHostedZone', { Id: id });
            else left.push({ id, name, isPrivate });
            if (!isPrivate) continue;
            const { HostedZoneSummaries: of } = await cloud.call('ListHostedZonesByVPC', VPC);
            assert.equal((of as object[]).length, isDeleted ? 0 : 1);
          }
          assert.equal(
            (await cloud.call('GetHostedZoneCount', {}))['HostedZoneCount'],
            left.length,
          );
          const pages = async (operation: string, first: object, next: readonly string[][]) => {
            const seen: string[] = [];
            for (let at: object | undefined = first; at !== undefined; ) {
              const page = await cloud.call(operation, { MaxItems, ...at });
              seen.push(...(page['HostedZones'] as Listed).map(({ Id }) => Id.slice(12)));
              const entries = next.map(([to = '', from = '']) => [to, page[from]]);
              at =
                page['IsTruncated'] === true
                  ? { ...first, ...Object.fromEntries(entries) }
                  : undefined;
            }
            return seen;
          };
          const ids = (zones: typeof left) => zones.map(({ id }) => id);
          const byId = left.toSorted((a, b) => compare(a.id, b.id));
          const marker = [['Marker', 'NextMarker']];
          assert.deepEqual(await pages('ListHostedZones', {}, marker), ids(byId));
          assert.deepEqual(
            await pages('ListHostedZones', { HostedZoneType: 'PrivateHostedZone' }, marker),
            ids(byId.filter(({ isPrivate }) => isPrivate)),
          );
          const byName = left.toSorted(
            (a, b) => compare(reversedName(a.name), reversedName(b.name)) || compare(a.id, b.id),
          );
          const names = [
            ['DNSName', 'NextDNSName'],
            ['HostedZoneId', 'NextHostedZoneId'],
          ];
          assert.deepEqual(await pages('ListHostedZonesByName', {}, names), ids(byName));
          const from = reversedName('b.test');
          assert.deepEqual(
            await pages('ListHostedZonesByName', { DNSName: 'b.test' }, names),
            ids(byName.filter(({ name }) => compare(reversedName(name), from) >= 0)),
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  test('are made for a store that was written without them', async () => {
    const universe = await createUniverse({ seed: 1, strict: false });
    let checked = false;
    universe.spawn('old', 'global', async (io) => {
      const store = await io.storage.open('route53');
      const vpcs = [{ id: 'vpc-1', region: 'us-east-1' }];
      const record = (id: string, name: string): object => ({ id, name, recordCount: 2 });
      store.transaction((transaction) => {
        const put = (id: string, value: object) =>
          transaction.put(keyOf('zone', id), JSON.stringify(value));
        put('Z1', record('Z1', 'b.test.'));
        put('Z2', { ...record('Z2', 'a.test.'), vpcs });
        transaction.put(keyOf('health-check', 'h'), '{}');
        const set = { Name: '\\052.b.test.', Type: 'A' };
        transaction.put(keyOf('set', 'Z1', 'test.b.\\052.', 'A', ''), JSON.stringify(set));
      });
      for (let i = 0; i < 2; i++) {
        buildIndexes(store);
        assert.deepEqual(zonesByName(store, undefined, 9), ['Z2', 'Z1']);
        assert.deepEqual(privateZones(store, '', 9), ['Z2']);
        assert.equal(countOf(store, 'zone'), 2);
        assert.equal(countOf(store, 'health-check'), 1);
        const sets = [...store.range(rangeOf('set'))].map(({ key }) => Buffer.from(key).toString());
        assert.deepEqual(sets, ['set\0Z1\0test.b.*.\0A\0']);
      }
      store.transaction((transaction) => {
        const text = transaction.get(keyOf('zone', 'Z2')) ?? '';
        indexZone(transaction, JSON.parse(text) as ZoneRecord, undefined);
      });
      assert.deepEqual([...store.range(rangeOf('zone-vpc'))], []);
      assert.equal(countOf(store, 'zone'), 1);
      checked = true;
    });
    await universe.runUntil(1_000_000);
    assert.deepEqual(universe.failures, []);
    assert.ok(checked);
  });
});
