/**
 * The table of decisions, second part: geolocation, geoproximity, IP-based routing, trees of mixed
 * policies; and the whole matrix of health × place for the policies that go by place. A row of a
 * matrix is a place, the order in which its clients want the records, and why; each row stands for
 * a decision under every set of records that are down.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { places } from '../../../world/places.ts';
import type { RecordSet } from '../record-set.ts';
import { CidrIndex, parseCidr } from './cidr-index.ts';
import {
  blocks,
  checked,
  cidr,
  client,
  compareTable,
  type Decided,
  failover,
  formula,
  geo,
  latency,
  multivalue,
  near,
  outcomes,
  set,
  simple,
  to,
  weighted,
} from './decisions.fake.ts';

const ip = { us: '1.1.1.1', eu: '2.2.2.2', ap: '3.3.3.3', sa: '4.4.4.4' } as const;
type Key = keyof typeof ip;

interface MatrixRow {
  readonly from: string;
  /** Best first; what is not listed never answers there. */
  readonly order: readonly Key[];
  readonly why: string;
}

interface Matrix {
  readonly source: string;
  readonly sets: readonly RecordSet[];
  readonly rows: readonly MatrixRow[];
}

const latencySets = [
  latency('x', 'us-east-1', ip.us, checked('us')),
  latency('x', 'eu-central-1', ip.eu, checked('eu')),
  latency('x', 'ap-northeast-1', ip.ap, checked('ap')),
  latency('x', 'sa-east-1', ip.sa, checked('sa')),
];
const geoSets = [
  geo('x', 'default', { CountryCode: '*' }, ip.us, checked('us')),
  geo('x', 'europe', { ContinentCode: 'EU' }, ip.eu, checked('eu')),
  geo('x', 'japan', { CountryCode: 'JP' }, ip.ap, checked('ap')),
  geo('x', 'washington', { CountryCode: 'US', SubdivisionCode: 'WA' }, ip.sa, checked('sa')),
];
const levels = [
  geo('x', 'default', { CountryCode: '*' }, ip.us, checked('us')),
  geo('x', 'america', { ContinentCode: 'NA' }, ip.eu, checked('eu')),
  geo('x', 'states', { CountryCode: 'US' }, ip.ap, checked('ap')),
  geo('x', 'new-york', { CountryCode: 'US', SubdivisionCode: 'NY' }, ip.sa, checked('sa')),
];
const region = (AWSRegion: string, Bias?: number) => ({
  AWSRegion,
  ...(Bias === undefined ? {} : { Bias }),
});
const nearSets = [
  near('x', 'us', region('us-east-1'), ip.us, checked('us')),
  near('x', 'eu', region('eu-central-1'), ip.eu, checked('eu')),
  near('x', 'ap', region('ap-northeast-1'), ip.ap, checked('ap')),
];
const biasedSets = [
  near('x', 'us', region('us-east-1', 50), ip.us, checked('us')),
  near('x', 'eu', region('eu-central-1'), ip.eu, checked('eu')),
  near('x', 'ap', region('ap-northeast-1', -50), ip.ap, checked('ap')),
];

const matrices: Readonly<Record<string, Matrix>> = {
  latency: {
    source: 'routing-policy-latency',
    sets: latencySets,
    rows: [
      {
        from: 'tokyo',
        order: ['ap', 'us', 'eu', 'sa'],
        why: '160 ms to Virginia, 238 to Frankfurt, though that is nearer on the globe',
      },
      { from: 'frankfurt', order: ['eu', 'us', 'sa', 'ap'], why: '107, 218 and 241 ms' },
      {
        from: 'new-york',
        order: ['us', 'eu', 'sa', 'ap'],
        why: '104 ms to Frankfurt, 131 to São Paulo, 164 to Tokyo',
      },
      { from: 'sao-paulo', order: ['sa', 'us', 'eu', 'ap'], why: 'Virginia is 129 ms away' },
      {
        from: 'lagos',
        order: ['eu', 'us', 'sa', 'ap'],
        why: 'cables lead to Europe first: 122 ms, then 179 and 230',
      },
      {
        from: 'seattle',
        order: ['us', 'ap', 'eu', 'sa'],
        why: '110 ms to Tokyo, 157 to Frankfurt',
      },
    ],
  },
  geolocation: {
    source: 'routing-policy-geo',
    sets: geoSets,
    rows: [
      { from: 'tokyo', order: ['ap', 'us'], why: 'country, then default' },
      { from: 'paris', order: ['eu', 'us'], why: 'continent, then default' },
      {
        from: 'seattle',
        order: ['sa', 'us'],
        why: 'state, then default: nobody is for the country',
      },
      { from: 'new-york', order: ['us'], why: 'only the default is for New York' },
      { from: 'moscow', order: ['eu', 'us'], why: 'Russia counts as Europe' },
      { from: 'lagos', order: ['us'], why: 'nothing for Africa' },
    ],
  },
  'levels of geolocation': {
    source: 'routing-policy-geo',
    sets: levels,
    rows: [
      {
        from: 'new-york',
        order: ['sa', 'ap', 'eu', 'us'],
        why: 'state, country, continent, default',
      },
      { from: 'chicago', order: ['ap', 'eu', 'us'], why: 'another state: country first' },
      { from: 'toronto', order: ['eu', 'us'], why: 'another country: continent first' },
      { from: 'berlin', order: ['us'], why: 'another continent: the default' },
    ],
  },
  geoproximity: {
    source: 'routing-policy-geoproximity',
    sets: nearSets,
    rows: [
      { from: 'tokyo', order: ['ap', 'eu', 'us'], why: 'distance alone' },
      { from: 'london', order: ['eu', 'us', 'ap'], why: '5,900 km to Virginia, 9,560 to Tokyo' },
      { from: 'mumbai', order: ['eu', 'ap', 'us'], why: '6,570 km to Frankfurt, 6,730 to Tokyo' },
      {
        from: 'los-angeles',
        order: ['us', 'ap', 'eu'],
        why: '8,800 km to Tokyo, 9,300 to Frankfurt',
      },
    ],
  },
  'geoproximity with bias': {
    source: 'routing-policy-geoproximity, 2026',
    sets: biasedSets,
    rows: [
      {
        from: 'tokyo',
        order: ['ap', 'us', 'eu'],
        why: 'Virginia at half of 10,900 beats Frankfurt',
      },
      { from: 'london', order: ['eu', 'us', 'ap'], why: '640 km still beat half of 5,900' },
      { from: 'lisbon', order: ['eu', 'us', 'ap'], why: '1,890 km beat half of 5,730' },
      { from: 'mumbai', order: ['us', 'eu', 'ap'], why: 'half of 12,900 is less than 6,570' },
      { from: 'seoul', order: ['ap', 'us', 'eu'], why: '1.5 × 1,160 km' },
    ],
  },
};

function subsetsOf(keys: readonly Key[]): Key[][] {
  const subsets: Key[][] = [[]];
  for (const key of keys) subsets.push(...subsets.map((subset) => [...subset, key]));
  return subsets;
}

const decided: Decided[] = [];

/** What a failure changes for one who wants these records in this order. */
function whyDown(order: readonly Key[], down: readonly Key[], why: string): string {
  const alive = order.findIndex((key) => !down.includes(key));
  if (down.length === 0 || alive === 0) return why;
  if (alive < 0) return `all are down: the first as if healthy (${why})`;
  return `${order.slice(0, alive).join(', ')} down: ${order[alive]} is next (${why})`;
}

for (const [policy, { source, sets, rows }] of Object.entries(matrices)) {
  describe(`${policy} under every health (${source})`, () => {
    for (const { from, order, why } of rows) {
      test(`${from}: ${why}`, () => {
        for (const down of subsetsOf(order)) {
          const expected = order.find((key) => !down.includes(key)) ?? order[0];
          const { answers } = outcomes(sets, down, from);
          assert.deepEqual(
            answers,
            expected === undefined ? [''] : [ip[expected]],
            `down: ${down}`,
          );
          decided.push({ policy, from, down, answers, why: whyDown(order, down, why), source });
        }
      });
    }
  });
}

const cidrSets = [
  cidr('x', 'wide', ip.us, checked('us')),
  cidr('x', 'narrow', ip.eu, checked('eu')),
  cidr('x', 'narrowest', ip.ap, checked('ap')),
  cidr('x', '*', ip.sa, checked('sa')),
];

const cidrRows: readonly (readonly [
  prefix: string,
  order: readonly Key[],
  scope: number,
  why: string,
])[] = [
  ['10.1.2.0/24', ['ap', 'eu', 'us', 'sa'], 24, 'the longest block that holds the prefix'],
  ['10.1.3.0/24', ['eu', 'us', 'sa'], 24, 'the next longest; one bit from a /24'],
  ['10.200.0.0/24', ['us', 'sa'], 9, 'a /8, of which the second octet tells'],
  ['10.1.0.0/16', ['eu', 'us', 'sa'], 24, 'a block inside the prefix does not match it'],
  ['10.0.0.0/8', ['us', 'sa'], 24, 'as long as the block'],
  ['8.0.0.0/6', ['sa'], 24, 'a prefix that is shorter than the block gets *'],
  ['172.16.0.0/24', ['sa'], 2, 'no block at all'],
  ['10.1.2.77/32', ['ap', 'eu', 'us', 'sa'], 24, 'a whole address'],
  ['2001:db8:1::/48', ['eu', 'us', 'sa'], 48, 'IPv6, the longest block'],
  ['2001:db8:2::/56', ['us', 'sa'], 47, 'IPv6, the block around'],
  ['2001:db9::/56', ['sa'], 32, 'IPv6, another network'],
];

describe('IP-based routing under every health (routing-policy-ipbased)', () => {
  for (const [prefix, order, scope, why] of cidrRows) {
    test(`${prefix}: ${why}`, () => {
      for (const down of subsetsOf(order)) {
        const expected = order.find((key) => !down.includes(key)) ?? order[0];
        const { answers } = outcomes(cidrSets, down, 'ashburn', client(prefix));
        assert.deepEqual(answers, expected === undefined ? [''] : [ip[expected]], `down: ${down}`);
        const reason = whyDown(order, down, why);
        const source = 'routing-policy-ipbased';
        decided.push({ policy: 'IP-based', from: prefix, down, answers, why: reason, source });
      }
      const parsed = parseCidr(prefix);
      assert.ok(parsed);
      assert.equal(blocks.match(parsed).scope, scope);
    });
  }

  test('without * a client outside all blocks gets no answer', () => {
    assert.deepEqual(outcomes(cidrSets.slice(0, 3), [], 'ashburn', client('9.9.9.0/24')).answers, [
      '',
    ]);
    assert.deepEqual(
      outcomes(cidrSets.slice(0, 3), ['us'], 'ashburn', client('10.9.9.0/24')).answers,
      [ip.us],
    );
  });
});

describe('the scope of an IP-based answer', () => {
  test('every client of the scope has the same locations', () => {
    const block = fc
      .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 1, max: 16 }))
      .map(([value, length]) => `10.${value >>> 8}.${value & 255}.0/${length + 8}`);
    const table = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.array(block, { maxLength: 5 }),
    );
    const address = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(table, address, address, (locations, one, two) => {
        const index = new CidrIndex(locations);
        const prefix = (value: number) => parseCidr(`10.${value >>> 8}.${value & 255}.0/24`);
        const [a, b] = [prefix(one), prefix(two)];
        assert.ok(a !== undefined && b !== undefined);
        const match = index.match(a);
        const common = 8 + Math.clz32((one ^ two) << 16);
        if (common < match.scope) return;
        assert.deepEqual(index.match(b).locations, match.locations);
      }),
      { numRuns: 2000 },
    );
  });
});

interface Row {
  readonly why: string;
  readonly source: string;
  readonly sets: readonly RecordSet[];
  readonly down?: readonly string[];
  readonly from?: string;
  readonly more?: Parameters<typeof outcomes>[3];
  readonly to: readonly string[];
}

const noDefault = geoSets.slice(1);
/** Geolocation over latency over weights, as a data-residency set-up has it. */
const residency = [
  to(geo('x', 'europe', { ContinentCode: 'EU' }, ''), 'eu'),
  to(geo('x', 'default', { CountryCode: '*' }, ''), 'world'),
  latency('eu', 'eu-central-1', '2.2.2.1', checked('fra')),
  latency('eu', 'eu-west-1', '2.2.2.2', checked('dub')),
  to(latency('world', 'us-east-1', ''), 'us'),
  latency('world', 'ap-northeast-1', ip.ap, checked('ap')),
  weighted('us', 'blue', 1, '1.1.1.1', checked('blue')),
  weighted('us', 'green', 0, '1.1.1.2', checked('green')),
];
/** IP-based over failover over multivalue. */
const corporate = [
  to(cidr('x', 'narrow', ''), 'office'),
  to(cidr('x', '*', ''), 'public'),
  failover('office', 'PRIMARY', '1.1.1.1', checked('vpn')),
  failover('office', 'SECONDARY', '1.1.1.2'),
  multivalue('public', 'a', '2.2.2.1', checked('a')),
  multivalue('public', 'b', '2.2.2.2', checked('b')),
];
const proximityTree = [
  to(failover('x', 'PRIMARY', ''), 'live'),
  to(failover('x', 'SECONDARY', ''), 'sorry'),
  near('live', 'us', region('us-east-1'), ip.us, checked('us')),
  near(
    'live',
    'point',
    { Coordinates: { Latitude: '-33.87', Longitude: '151.21' } },
    ip.ap,
    checked('ap'),
  ),
  simple('sorry', '9.9.9.9'),
];
const chooses = 'health-checks-how-route-53-chooses-records';
const complex = 'dns-failover-complex-configs';

const trees: readonly Row[] = [
  {
    why: 'no record for a client, no default: no answer',
    source: 'routing-policy-geo',
    sets: noDefault,
    from: 'lagos',
    to: [''],
  },
  {
    why: 'the same where all others are down',
    source: 'routing-policy-geo',
    sets: noDefault,
    from: 'lagos',
    down: ['eu', 'ap', 'sa'],
    to: [''],
  },
  {
    why: 'a lone applicable record is its own last resort',
    source: chooses,
    sets: noDefault,
    from: 'tokyo',
    down: ['ap'],
    to: [ip.ap],
  },
  {
    why: 'Europeans stay in Europe, at the nearest',
    source: complex,
    sets: residency,
    from: 'berlin',
    to: ['2.2.2.1'],
  },
  {
    why: 'within Europe when one is down',
    source: complex,
    sets: residency,
    from: 'berlin',
    down: ['fra'],
    to: ['2.2.2.2'],
  },
  {
    why: 'both down: out to the default',
    source: complex,
    sets: residency,
    from: 'berlin',
    down: ['fra', 'dub'],
    to: ['1.1.1.1'],
  },
  {
    why: 'elsewhere by latency, then by weight',
    source: complex,
    sets: residency,
    from: 'boston',
    to: ['1.1.1.1'],
  },
  {
    why: 'weight 0 takes over',
    source: 'routing-policy-weighted',
    sets: residency,
    from: 'boston',
    down: ['blue'],
    to: ['1.1.1.2'],
  },
  {
    why: 'a dead branch: the next region',
    source: complex,
    sets: residency,
    from: 'boston',
    down: ['blue', 'green'],
    to: [ip.ap],
  },
  {
    why: 'the default is dead: last resort of who has only it',
    source: chooses,
    sets: residency,
    from: 'boston',
    down: ['blue', 'green', 'ap'],
    to: ['1.1.1.1'],
  },
  {
    why: 'all is dead: the nearest area, its nearest region',
    source: chooses,
    sets: residency,
    from: 'berlin',
    down: ['fra', 'dub', 'blue', 'green', 'ap'],
    to: ['2.2.2.1'],
  },
  {
    why: 'the office',
    source: 'routing-policy-ipbased',
    sets: corporate,
    more: client('10.1.9.0/24'),
    to: ['1.1.1.1'],
  },
  {
    why: 'the office, its line down',
    source: complex,
    sets: corporate,
    more: client('10.1.9.0/24'),
    down: ['vpn'],
    to: ['1.1.1.2'],
  },
  {
    why: 'the public',
    source: 'routing-policy-ipbased',
    sets: corporate,
    more: client('8.8.8.0/24'),
    to: ['2.2.2.1 2.2.2.2'],
  },
  {
    why: 'the public, one down',
    source: complex,
    sets: corporate,
    more: client('8.8.8.0/24'),
    down: ['a'],
    to: ['2.2.2.2'],
  },
  {
    why: 'the public, both down',
    source: chooses,
    sets: corporate,
    more: client('8.8.8.0/24'),
    down: ['a', 'b'],
    to: ['2.2.2.1 2.2.2.2'],
  },
  {
    why: 'coordinates: Auckland to Sydney',
    source: 'routing-policy-geoproximity',
    sets: proximityTree,
    from: 'auckland',
    to: [ip.ap],
  },
  {
    why: 'coordinates: down, to Virginia',
    source: 'routing-policy-geoproximity',
    sets: proximityTree,
    from: 'auckland',
    down: ['ap'],
    to: [ip.us],
  },
  {
    why: 'both down: backs out to the sorry page',
    source: complex,
    sets: proximityTree,
    from: 'auckland',
    down: ['ap', 'us'],
    to: ['9.9.9.9'],
  },
  {
    why: 'a Local Zone stands in its metro',
    source: 'API reference, GeoProximityLocation',
    sets: [
      near('x', 'a', { LocalZoneGroup: 'us-east-1-lim-1' }, ip.sa),
      near('x', 'b', region('us-east-1'), ip.us),
    ],
    from: 'lima',
    to: [ip.sa],
  },
  {
    why: '2026: a bias of -50 makes 1.5 × the distance',
    source: 'routing-policy-geoproximity, 2026',
    sets: [
      near('x', 'a', region('us-east-1', -50), ip.us),
      near('x', 'b', region('eu-central-1'), ip.eu),
    ],
    from: 'boston',
    to: [ip.us],
  },
  {
    why: '2026: -80 from Montreal, 1.8 × 940 km, is still nearer than Frankfurt',
    source: 'routing-policy-geoproximity, 2026',
    sets: [
      near('x', 'a', region('us-east-1', -80), ip.us),
      near('x', 'b', region('eu-central-1'), ip.eu),
    ],
    from: 'montreal',
    to: [ip.us],
  },
  {
    why: '2023: -90 makes 10 × the distance, so that Frankfurt is nearer',
    source: 'routing-policy-geoproximity, 2023',
    sets: [
      near('x', 'a', region('us-east-1', -90), ip.us),
      near('x', 'b', region('eu-central-1'), ip.eu),
    ],
    from: 'montreal',
    more: formula('2023'),
    to: [ip.eu],
  },
  {
    why: 'equals go by the set identifier',
    source: 'ours: AWS says nothing',
    sets: [
      near('x', 'b', region('us-east-1'), ip.us),
      near('x', 'a', { Coordinates: { Latitude: '38.95', Longitude: '-77.45' } }, ip.eu),
    ],
    from: 'boston',
    to: [ip.eu],
  },
  {
    why: 'an alias with a check of its own among geolocation records',
    source: complex,
    sets: [
      to(geo('x', 'jp', { CountryCode: 'JP' }, ''), 'tokyo', true, checked('own')),
      geo('x', 'asia', { ContinentCode: 'AS' }, ip.eu),
      set('tokyo', checked('leaf'), ip.ap),
    ],
    from: 'osaka',
    down: ['own'],
    to: [ip.eu],
  },
];

const prefixText = (prefix: ReturnType<typeof parseCidr>): string =>
  prefix === undefined ? '' : `${[...prefix.address].join('.')}/${prefix.sourcePrefix}`;

describe('trees of mixed policies', () => {
  for (const row of trees) {
    test(`${row.why} (${row.source})`, () => {
      const { down = [], why, source } = row;
      const made = outcomes(row.sets, down, row.from ?? 'ashburn', row.more);
      assert.deepEqual(made.answers, [...row.to].sort());
      const prefix = row.more?.prefix === undefined ? undefined : prefixText(row.more.prefix());
      const from = prefix ?? row.from ?? 'ashburn';
      decided.push({ policy: 'mixed tree', from, down, answers: made.answers, why, source });
    });
  }

  test('every place is sent to some record of each table, and the flags say by what', () => {
    for (const place of places) {
      assert.notDeepEqual(outcomes(residency, [], place.name).answers, [''], place.name);
    }
    assert.equal(outcomes(geoSets, [], 'tokyo').flags, 'location');
    assert.equal(outcomes(nearSets, [], 'tokyo').flags, 'location');
    assert.equal(outcomes(cidrSets, [], 'tokyo', client('10.1.2.0/24')).flags, '');
  });

  test('the table holds at least 300 decisions', () => {
    assert.ok(decided.length >= 300, String(decided.length));
    compareTable('geo-decisions.table.md', 'Decisions by place, address and health', decided);
  });
});
