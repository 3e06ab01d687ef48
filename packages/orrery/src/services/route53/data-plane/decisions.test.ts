/**
 * The table of decisions: policy × health × place × tree shape. Each row has its reason; `R` rows
 * follow facts of the Route 53 developer guide, named by page.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { types } from '../../../wire/dns/constants.ts';
import { parseName } from '../../../wire/dns/name.ts';
import { places } from '../../../world/places.ts';
import { regions } from '../../../world/regions.ts';
import type { RecordSet } from '../record-set.ts';
import { type DecisionContext, decide } from './decide.ts';
import {
  aws,
  checked,
  compareTable,
  context,
  type Decided,
  failover,
  latency,
  multivalue,
  outcomes,
  type Row,
  set,
  simple,
  to,
  weighted,
  zoneName,
} from './decisions.fake.ts';

const three = [
  latency('x', 'us-east-1', '1.1.1.1', checked('us')),
  latency('x', 'eu-central-1', '2.2.2.2', checked('eu')),
  latency('x', 'ap-northeast-1', '3.3.3.3', checked('ap')),
];
const pair = [
  failover('x', 'PRIMARY', '1.1.1.1', checked('p')),
  failover('x', 'SECONDARY', '2.2.2.2', checked('s')),
];
const weights = [
  weighted('x', 'a', 10, '1.1.1.1', checked('a')),
  weighted('x', 'b', 20, '2.2.2.2', checked('b')),
  weighted('x', 'c', 20, '3.3.3.3', checked('c')),
];
const withZero = [
  weighted('x', 'a', 1, '1.1.1.1', checked('a')),
  weighted('x', 'z', 0, '9.9.9.9', checked('z')),
  weighted('x', 'y', 0, '8.8.8.8', checked('y')),
];
/** Latency between two regions, each a weighted pair below it: the tree of the guide. */
const tree = [
  to(latency('x', 'us-east-1', ''), 'us'),
  to(latency('x', 'eu-central-1', ''), 'eu'),
  weighted('us', 'u1', 1, '1.1.1.1', checked('u1')),
  weighted('us', 'u2', 1, '1.1.1.2', checked('u2')),
  weighted('eu', 'e1', 1, '2.2.2.1', checked('e1')),
  weighted('eu', 'e2', 1, '2.2.2.2', checked('e2')),
];
const treeWithoutEvaluation = [
  to(latency('x', 'us-east-1', ''), 'us', false),
  to(latency('x', 'eu-central-1', ''), 'eu', false),
  ...tree.slice(2),
];
const many = Array.from({ length: 10 }, (_, i) =>
  multivalue('x', `m${i}`, `10.0.0.${i}`, checked(`m${i}`)),
);
const failoverOfLatency = [
  to(failover('x', 'PRIMARY', ''), 'live'),
  to(failover('x', 'SECONDARY', ''), 'sorry'),
  latency('live', 'us-east-1', '1.1.1.1', checked('us')),
  latency('live', 'eu-central-1', '2.2.2.2', checked('eu')),
  simple('sorry', '9.9.9.9'),
];
const deep = [
  to(failover('x', 'PRIMARY', ''), 'l1'),
  failover('x', 'SECONDARY', '9.9.9.9'),
  to(simple('l1'), 'l2'),
  to(simple('l2'), 'l3'),
  to(simple('l3'), 'l4'),
  set('l4', checked('leaf'), '1.1.1.1'),
];

const rows: Readonly<Record<string, readonly Row[]>> = {
  simple: [
    { why: 'one value', sets: [simple('x', '1.1.1.1')], to: ['1.1.1.1'] },
    { why: 'all values', sets: [simple('x', '1.1.1.1', '2.2.2.2')], to: ['1.1.1.1 2.2.2.2'] },
    {
      why: 'a single set is the last resort of itself',
      sets: [set('x', checked('h'), '1.1.1.1')],
      down: ['h'],
      to: ['1.1.1.1'],
    },
  ],
  failover: [
    { why: 'primary while healthy', sets: pair, to: ['1.1.1.1'] },
    { why: 'secondary when it is not', sets: pair, down: ['p'], to: ['2.2.2.2'] },
    { why: 'a dead secondary changes nothing', sets: pair, down: ['s'], to: ['1.1.1.1'] },
    { why: 'both unhealthy: the primary', sets: pair, down: ['p', 's'], to: ['1.1.1.1'] },
    {
      why: 'a secondary without check is always healthy',
      sets: [pair[0] as RecordSet, failover('x', 'SECONDARY', '2.2.2.2')],
      down: ['p'],
      to: ['2.2.2.2'],
    },
    {
      why: 'a primary without check never fails',
      sets: [failover('x', 'PRIMARY', '1.1.1.1'), pair[1] as RecordSet],
      down: ['p', 's'],
      to: ['1.1.1.1'],
    },
    { why: 'a lone primary, dead', sets: pair.slice(0, 1), down: ['p'], to: ['1.1.1.1'] },
    { why: 'a lone secondary', sets: pair.slice(1), to: ['2.2.2.2'] },
    { why: 'a lone secondary, dead', sets: pair.slice(1), down: ['s'], to: ['2.2.2.2'] },
  ],
  weighted: [
    { why: 'every weight has its share', sets: weights, to: ['1.1.1.1', '2.2.2.2', '3.3.3.3'] },
    { why: 'an unhealthy one is out', sets: weights, down: ['c'], to: ['1.1.1.1', '2.2.2.2'] },
    { why: 'one left takes all', sets: weights, down: ['b', 'c'], to: ['1.1.1.1'] },
    {
      why: 'last resort: all as if healthy',
      sets: weights,
      down: ['a', 'b', 'c'],
      to: ['1.1.1.1', '2.2.2.2', '3.3.3.3'],
    },
    { why: 'zero is never taken beside a weight', sets: withZero, to: ['1.1.1.1'] },
    {
      why: 'zeros join when every weight is unhealthy',
      sets: withZero,
      down: ['a'],
      to: ['8.8.8.8', '9.9.9.9'],
    },
    {
      why: 'healthy zeros only',
      sets: withZero,
      down: ['a', 'y'],
      to: ['9.9.9.9'],
    },
    {
      why: 'all unhealthy: the weights again, not the zeros',
      sets: withZero,
      down: ['a', 'y', 'z'],
      to: ['1.1.1.1'],
    },
    {
      why: 'all zero: equal chances',
      sets: [weighted('x', 'a', 0, '1.1.1.1'), weighted('x', 'b', 0, '2.2.2.2')],
      to: ['1.1.1.1', '2.2.2.2'],
    },
    {
      why: 'all zero, one unhealthy',
      sets: [weighted('x', 'a', 0, '1.1.1.1', checked('a')), weighted('x', 'b', 0, '2.2.2.2')],
      down: ['a'],
      to: ['2.2.2.2'],
    },
    {
      why: 'without checks nothing is ever out',
      sets: [weighted('x', 'a', 1, '1.1.1.1'), weighted('x', 'b', 255, '2.2.2.2')],
      down: ['a', 'b'],
      to: ['1.1.1.1', '2.2.2.2'],
    },
    { why: 'a lone weight of zero', sets: [weighted('x', 'a', 0, '1.1.1.1')], to: ['1.1.1.1'] },
  ],
  latency: [
    { why: 'Tokyo is nearest to Tokyo', sets: three, from: 'tokyo', to: ['3.3.3.3'] },
    { why: 'Frankfurt is nearest to Frankfurt', sets: three, from: 'frankfurt', to: ['2.2.2.2'] },
    { why: 'New York is nearest to Virginia', sets: three, from: 'new-york', to: ['1.1.1.1'] },
    { why: 'São Paulo goes to Virginia', sets: three, from: 'sao-paulo', to: ['1.1.1.1'] },
    { why: 'Sydney goes to Tokyo', sets: three, from: 'sydney', to: ['3.3.3.3'] },
    { why: 'Lagos goes to Frankfurt', sets: three, from: 'lagos', to: ['2.2.2.2'] },
    {
      why: 'Mumbai goes to Frankfurt, a few milliseconds before Tokyo',
      sets: three,
      from: 'mumbai',
      to: ['2.2.2.2'],
    },
    {
      why: 'next best for Tokyo is over the Pacific, however far Virginia is',
      sets: three,
      down: ['ap'],
      from: 'tokyo',
      to: ['1.1.1.1'],
    },
    {
      why: 'next best for Frankfurt',
      sets: three,
      down: ['eu'],
      from: 'frankfurt',
      to: ['1.1.1.1'],
    },
    { why: 'next best for New York', sets: three, down: ['us'], from: 'new-york', to: ['2.2.2.2'] },
    { why: 'two down', sets: three, down: ['ap', 'eu'], from: 'tokyo', to: ['1.1.1.1'] },
    { why: 'elsewhere down', sets: three, down: ['us', 'eu'], from: 'tokyo', to: ['3.3.3.3'] },
    {
      why: 'last resort keeps the nearest',
      sets: three,
      down: ['us', 'eu', 'ap'],
      from: 'tokyo',
      to: ['3.3.3.3'],
    },
    {
      why: 'only regions that have a set',
      sets: three.slice(0, 1),
      from: 'tokyo',
      to: ['1.1.1.1'],
    },
    {
      why: 'the order of sets does not matter',
      sets: three.toReversed(),
      from: 'frankfurt',
      to: ['2.2.2.2'],
    },
  ],
  multivalue: [
    {
      why: 'all of a few',
      sets: many.slice(0, 3),
      to: ['10.0.0.0 10.0.0.1 10.0.0.2'],
    },
    { why: 'healthy ones only', sets: many.slice(0, 3), down: ['m1'], to: ['10.0.0.0 10.0.0.2'] },
    { why: 'one healthy', sets: many.slice(0, 3), down: ['m1', 'm0'], to: ['10.0.0.2'] },
    {
      why: 'none healthy: all',
      sets: many.slice(0, 3),
      down: ['m0', 'm1', 'm2'],
      to: ['10.0.0.0 10.0.0.1 10.0.0.2'],
    },
    {
      why: 'without check always healthy',
      sets: [multivalue('x', 'a', '1.1.1.1'), multivalue('x', 'b', '2.2.2.2', checked('b'))],
      down: ['b'],
      to: ['1.1.1.1'],
    },
  ],
  alias: [
    { why: 'to a record', sets: [to(simple('x'), 'y'), simple('y', '1.1.1.1')], to: ['1.1.1.1'] },
    { why: 'to nothing', sets: [to(simple('x'), 'y')], to: [''] },
    { why: 'in a circle', sets: [to(simple('x'), 'y'), to(simple('y'), 'x')], to: [''] },
    { why: 'to itself', sets: [to(simple('x'), 'x', false)], to: [''] },
    {
      why: 'to a regional API name: the address of the region',
      sets: [aws(simple('x'), 'eu-central-1')],
      to: ['127.0.12.1'],
    },
    {
      why: 'AWS targets are healthy, evaluation or not',
      sets: [aws(failover('x', 'PRIMARY', ''), 'us-east-1'), failover('x', 'SECONDARY', '2.2.2.2')],
      to: ['127.0.1.1'],
    },
    {
      why: 'an own check beside the alias counts',
      sets: [
        aws(failover('x', 'PRIMARY', ''), 'us-east-1', checked('p')),
        failover('x', 'SECONDARY', '2.2.2.2'),
      ],
      down: ['p'],
      to: ['2.2.2.2'],
    },
    {
      why: 'check and target must both be healthy: target dead',
      sets: [
        to(failover('x', 'PRIMARY', ''), 'y', true, checked('own')),
        failover('x', 'SECONDARY', '2.2.2.2'),
        set('y', checked('y'), '1.1.1.1'),
      ],
      down: ['y'],
      to: ['2.2.2.2'],
    },
    {
      why: 'check and target must both be healthy: check dead',
      sets: [
        to(failover('x', 'PRIMARY', ''), 'y', true, checked('own')),
        failover('x', 'SECONDARY', '2.2.2.2'),
        set('y', checked('y'), '1.1.1.1'),
      ],
      down: ['own'],
      to: ['2.2.2.2'],
    },
    {
      why: 'latency between regional APIs',
      sets: [
        aws(latency('x', 'us-east-1', ''), 'us-east-1'),
        aws(latency('x', 'ap-northeast-1', ''), 'ap-northeast-1'),
      ],
      from: 'tokyo',
      to: ['127.0.30.1'],
    },
    {
      why: 'latency between regional APIs, checks on the aliases',
      sets: [
        aws(latency('x', 'us-east-1', ''), 'us-east-1', checked('us')),
        aws(latency('x', 'ap-northeast-1', ''), 'ap-northeast-1', checked('ap')),
      ],
      from: 'tokyo',
      down: ['ap'],
      to: ['127.0.1.1'],
    },
    {
      why: 'an evaluated target that does not exist is unhealthy',
      sets: [to(failover('x', 'PRIMARY', ''), 'y'), failover('x', 'SECONDARY', '2.2.2.2')],
      to: ['2.2.2.2'],
    },
    {
      why: 'a target that does not exist, not evaluated: answers from there, with nothing',
      sets: [to(failover('x', 'PRIMARY', ''), 'y', false), failover('x', 'SECONDARY', '2.2.2.2')],
      to: [''],
    },
  ],
  trees: [
    {
      why: 'nearest branch, any of its leaves',
      sets: tree,
      from: 'boston',
      to: ['1.1.1.1', '1.1.1.2'],
    },
    { why: 'one leaf dead: the other', sets: tree, from: 'boston', down: ['u1'], to: ['1.1.1.2'] },
    {
      why: 'branch dead: back out to the next',
      sets: tree,
      from: 'boston',
      down: ['u1', 'u2'],
      to: ['2.2.2.1', '2.2.2.2'],
    },
    {
      why: 'branch dead, and a leaf of the other',
      sets: tree,
      from: 'boston',
      down: ['u1', 'u2', 'e2'],
      to: ['2.2.2.1'],
    },
    {
      why: 'all dead: nearest branch, all of its leaves',
      sets: tree,
      from: 'boston',
      down: ['u1', 'u2', 'e1', 'e2'],
      to: ['1.1.1.1', '1.1.1.2'],
    },
    {
      why: 'without evaluation no backing out',
      sets: treeWithoutEvaluation,
      from: 'boston',
      down: ['u1', 'u2'],
      to: ['1.1.1.1', '1.1.1.2'],
    },
    {
      why: 'without evaluation leaves still count',
      sets: treeWithoutEvaluation,
      from: 'boston',
      down: ['u1'],
      to: ['1.1.1.2'],
    },
    { why: 'failover over latency: live', sets: failoverOfLatency, from: 'paris', to: ['2.2.2.2'] },
    {
      why: 'failover over latency: one region down',
      sets: failoverOfLatency,
      from: 'paris',
      down: ['eu'],
      to: ['1.1.1.1'],
    },
    {
      why: 'failover over latency: all down, sorry page',
      sets: failoverOfLatency,
      from: 'paris',
      down: ['eu', 'us'],
      to: ['9.9.9.9'],
    },
    { why: 'five levels: alive', sets: deep, to: ['1.1.1.1'] },
    {
      why: 'five levels: the leaf is dead, the root turns',
      sets: deep,
      down: ['leaf'],
      to: ['9.9.9.9'],
    },
    {
      why: 'weighted aliases to failover pairs',
      sets: [
        to(weighted('x', 'a', 1, ''), 'one'),
        to(weighted('x', 'b', 1, ''), 'two'),
        failover('one', 'PRIMARY', '1.1.1.1', checked('1p')),
        failover('one', 'SECONDARY', '1.1.1.2', checked('1s')),
        failover('two', 'PRIMARY', '2.2.2.1', checked('2p')),
        failover('two', 'SECONDARY', '2.2.2.2', checked('2s')),
      ],
      down: ['1p', '2p', '2s'],
      to: ['1.1.1.2'],
    },
    {
      why: 'a weight of zero in front of a live branch is not taken',
      sets: [
        to(weighted('x', 'a', 0, ''), 'one'),
        to(weighted('x', 'b', 5, ''), 'two'),
        simple('one', '1.1.1.1'),
        set('two', checked('two'), '2.2.2.2'),
      ],
      to: ['2.2.2.2'],
    },
    {
      why: 'a weight of zero is taken when the other branch is dead',
      sets: [
        to(weighted('x', 'a', 0, ''), 'one'),
        to(weighted('x', 'b', 5, ''), 'two'),
        simple('one', '1.1.1.1'),
        set('two', checked('two'), '2.2.2.2'),
      ],
      down: ['two'],
      to: ['1.1.1.1'],
    },
    {
      why: 'an alias to multivalue answers all that are healthy',
      sets: [
        to(failover('x', 'PRIMARY', ''), 'y'),
        failover('x', 'SECONDARY', '9.9.9.9'),
        multivalue('y', 'a', '1.1.1.1', checked('a')),
        multivalue('y', 'b', '2.2.2.2', checked('b')),
        multivalue('y', 'c', '3.3.3.3', checked('c')),
      ],
      down: ['b'],
      to: ['1.1.1.1 3.3.3.3'],
    },
    {
      why: 'a circle below an evaluated alias is dead',
      sets: [
        to(failover('x', 'PRIMARY', ''), 'y'),
        failover('x', 'SECONDARY', '9.9.9.9'),
        to(simple('y'), 'z'),
        to(simple('z'), 'y'),
      ],
      to: ['9.9.9.9'],
    },
  ],
};

/** Pages of the Route 53 developer guide that the rows follow. */
const sources: Readonly<Record<string, string>> = {
  simple: 'routing-policy-simple',
  failover: 'health-checks-how-route-53-chooses-records',
  weighted: 'routing-policy-weighted',
  latency: 'routing-policy-latency',
  multivalue: 'routing-policy-multivalue',
  alias: 'resource-record-sets-choosing-alias-non-alias',
  trees: 'dns-failover-complex-configs',
};

const decided: Decided[] = [];

for (const [policy, table] of Object.entries(rows)) {
  describe(`${policy} (${sources[policy]})`, () => {
    for (const row of table) {
      test(row.why, () => {
        const { down = [], from = 'ashburn', why } = row;
        const made = outcomes(row.sets, down, from);
        assert.deepEqual(made.answers, [...row.to].sort());
        const source = sources[policy] ?? '';
        decided.push({ policy, from, down, answers: made.answers, why, source });
      });
    }
  });
}

test('the table that people read is the one that was decided', () => {
  compareTable('decisions.table.md', 'Decisions by policy, health and tree', decided);
});

describe('shares and flags', () => {
  test('weights are probabilities, renormalised without the unhealthy', () => {
    const share = (down: string[]) => outcomes(weights, down, 'ashburn').shares;
    assert.ok(Math.abs((share([]).get('1.1.1.1') ?? 0) - 0.2) < 0.08);
    assert.ok(Math.abs((share(['c']).get('1.1.1.1') ?? 0) - 1 / 3) < 0.09);
  });

  test('at most eight of many, every one of them in turn', () => {
    const { shares } = outcomes(many, [], 'ashburn');
    const seen = new Set([...shares.keys()].flatMap((answer) => answer.split(' ')));
    for (const answer of shares.keys()) assert.equal(answer.split(' ').length, 8);
    assert.equal(seen.size, 10);
    const down = many.map((_, i) => `m${i}`);
    for (const answer of outcomes(many, down, 'ashburn').answers) {
      assert.equal(answer.split(' ').length, 8, 'none healthy: up to eight of all');
    }
  });

  test('what hangs on chance or place says so, and nothing else does', () => {
    assert.equal(outcomes(three, [], 'tokyo').flags, 'location');
    assert.equal(outcomes(pair, [], 'tokyo').flags, '');
    assert.equal(outcomes(weights, [], 'tokyo').flags, 'chance');
    assert.equal(outcomes(weights, ['b', 'c'], 'tokyo').flags, '');
    assert.equal(outcomes(tree, [], 'tokyo').flags, 'chancelocation');
    assert.equal(outcomes(failoverOfLatency, ['us', 'eu'], 'tokyo').flags, '');
    assert.equal(outcomes([simple('x', '1.1.1.1', '2.2.2.2')], [], 'tokyo').flags, 'chance');
  });
});

describe('properties', () => {
  const regionSets = fc
    .uniqueArray(fc.constantFrom(...regions.map(({ id }) => id)), { minLength: 1, maxLength: 6 })
    .map((ids) => ids.map((id, i) => latency('x', id, `10.0.${i}.1`, checked(id))));

  test('an unhealthy set never answers while a healthy one stands beside it', () => {
    const place = fc.constantFrom(...places.map(({ name }) => name));
    fc.assert(
      fc.property(
        regionSets,
        place,
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        (sets, from, up) => {
          const down = sets.filter((_, i) => !up[i]).map((each) => each.Region ?? '');
          const with_ = context(sets, down, from);
          const group = with_.lookup(parseName(`x.${zoneName}`), types.A);
          assert.ok(group);
          const steps: NonNullable<DecisionContext['steps']> = [];
          const made = decide(group, { ...with_, steps });
          assert.equal(made.data.length, 1);
          const chosen = steps[0]?.candidates.find((candidate) => candidate.chosen);
          assert.ok(chosen);
          const allDown = down.length === sets.length;
          assert.equal(steps[0]?.lastResort, allDown);
          assert.ok(allDown || chosen.unhealthy === undefined);
          for (const other of steps[0]?.candidates ?? []) {
            if (other.unhealthy === undefined || allDown) {
              assert.ok((other.latencyMs ?? 0) >= (chosen.latencyMs ?? 0));
            }
          }
        },
      ),
    );
  });

  test('a tangle of aliases, circles included, is decided at once', () => {
    const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
    const sets = names.flatMap((name) => [
      ...names.slice(0, 20).map((target, i) => to(weighted(name, `${i}`, 1, ''), target)),
    ]);
    const started = performance.now();
    const made = outcomes([to(simple('x'), 'n0'), ...sets], [], 'ashburn');
    assert.deepEqual(made.answers, ['']);
    assert.ok(performance.now() - started < 2000);
  });

  test('a chain of aliases without end is decided, too', () => {
    const links = Array.from({ length: 20_000 }, (_, i) => to(simple(`n${i}`), `n${i + 1}`));
    assert.deepEqual(outcomes([to(simple('x'), 'n0'), ...links], [], 'ashburn').answers, ['']);
  });
});
