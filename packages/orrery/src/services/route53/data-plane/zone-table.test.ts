import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { typeNumber, types } from '../../../wire/dns/constants.ts';
import { parentName, parseName } from '../../../wire/dns/name.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import type { RecordSet } from '../record-set.ts';
import { compileGroup, GroupPacker } from './packed-group.ts';
import { Zone } from './zone-table.ts';

const viewOf = (packed: string) => {
  const bytes = Buffer.from(packed, 'latin1');
  return { bytes, start: 0, end: bytes.length };
};
const facts = { id: 'Z1', name: 'z.test.', createdAtMs: 0, ordinal: 0 };

describe('a zone', () => {
  test('has the names that have records or something below them, and no others', () => {
    const label = fc.constantFrom('a', 'b', 'c');
    const change = fc.record({
      labels: fc.array(label, { maxLength: 4 }),
      type: fc.constantFrom('A', 'TXT', 'NS', 'AAAA'),
      isDelete: fc.boolean(),
    });
    const values = { A: '192.0.2.1', TXT: '"t"', NS: 'ns.z.test.', AAAA: '::1' };
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const zone = new Zone(facts);
        const model = new Map<string, Set<string>>();
        const asked = new Set([zone.name]);
        for (const { labels, type, isDelete } of changes) {
          const Name = [...labels, 'z.test.'].join('.');
          const sets = [{ Name, Type: type, TTL: 1, ResourceRecords: [{ Value: values[type] }] }];
          const name = parseName(Name, 8);
          for (let at = name; at !== zone.name; at = parentName(at) ?? zone.name) asked.add(at);
          zone.setSets(name, typeNumber(type) ?? 0, isDelete ? [] : sets);
          const at = model.get(name) ?? new Set();
          if (isDelete) at.delete(type);
          else at.add(type);
          if (at.size > 0) model.set(name, at);
          else model.delete(name);
        }
        for (const name of asked) {
          const exists =
            name === zone.name || [...model.keys()].some((each) => each.endsWith(name));
          assert.equal(zone.has(name), exists);
          for (const type of ['A', 'TXT', 'NS', 'AAAA']) {
            const group = zone.group(name, typeNumber(type) ?? 0);
            assert.equal(group !== undefined, model.get(name)?.has(type) === true);
          }
        }
        const cuts = [...model].filter(([name, at]) => name !== zone.name && at.has('NS'));
        assert.equal(zone.hasCuts, cuts.length > 0);
        for (const [name] of cuts) assert.ok(zone.delegationOf(name, true));
      }),
      { numRuns: 500 },
    );
  });

  test('compiles what it has packed', () => {
    const base = { Name: 'x.z.test.', Type: 'A' };
    const many = Array.from({ length: 400 }, (_, i) => ({ Value: `10.0.${i >> 8}.${i & 255}` }));
    const target = { HostedZoneId: 'Z1', DNSName: 'y.z.test.', EvaluateTargetHealth: true };
    const cases: RecordSet[][] = [
      [{ ...base, TTL: 0, ResourceRecords: [{ Value: '192.0.2.1' }] }],
      [{ ...base, TTL: 2_147_483_647, ResourceRecords: many }],
      [{ ...base, Type: 'TXT', TTL: 5, ResourceRecords: [{ Value: `"${'x'.repeat(255)}"` }] }],
      [{ ...base, AliasTarget: target }],
      [
        {
          ...base,
          SetIdentifier: 'zürich 東京',
          Weight: 0,
          TTL: 5,
          ResourceRecords: [{ Value: '192.0.2.1' }],
        },
        { ...base, SetIdentifier: 'a', Weight: 3, HealthCheckId: 'h', AliasTarget: target },
      ],
    ];
    for (const sets of cases) {
      const type = typeNumber(sets[0]?.Type ?? '') ?? 0;
      const name = parseName(base.Name, 8);
      const packer = new GroupPacker();
      const packed = packer.pack(type, sets);
      assert.ok([...packed].every((each) => each <= '\xff'));
      const unpacked = packer.unpack('Z1', name, type, viewOf(packed));
      const compiled = compileGroup('Z1', name, sets);
      const plain = (group: typeof unpacked) => ({
        ...group,
        records: group.records.map(({ set, data, ...rest }) => ({
          ...rest,
          members: [set.SetIdentifier, set.Weight, set.HealthCheckId, set.AliasTarget],
          values: data.map((each) => dataText(type, each)),
        })),
      });
      assert.deepEqual(plain(unpacked), plain(compiled));
    }
  });

  test('compiles a group once, and a bounded number of them is kept', () => {
    const packer = new GroupPacker();
    const set = { Name: 'x.z.test.', Type: 'A', SetIdentifier: 'a', Weight: 1, TTL: 1 };
    const name = parseName('x.z.test.');
    const first = viewOf(packer.pack(types.A, [set]));
    const second = viewOf(packer.pack(types.A, [set]));
    const unpack = (view: typeof first) => packer.unpack('Z1', name, types.A, view);
    const compiled = unpack(first);
    assert.equal(unpack(first), compiled);
    assert.notEqual(unpack(second), compiled, 'another group, if with equal sets');
    for (let i = 0; i < 5000; i++) unpack(viewOf(packer.pack(types.A, [{ ...set, Weight: i }])));
    assert.equal(unpack(first), compiled, 'of the generation before');
    for (let i = 0; i < 9000; i++) unpack(viewOf(packer.pack(types.A, [{ ...set, Weight: i }])));
    assert.notEqual(unpack(first), compiled);
    assert.deepEqual(unpack(first), compiled);
  });
});
