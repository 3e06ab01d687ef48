/** Zones and a name server without sockets, for this folder's tests and the fuzzing script. */
import assert from 'node:assert/strict';
import { namedRandom } from '../../../io/simulated/random.ts';
import { typeNumber } from '../../../wire/dns/constants.ts';
import { parseName } from '../../../wire/dns/name.ts';
import { placeToRegionRttMs } from '../../../world/latency.ts';
import { placeByName } from '../../../world/places.ts';
import type { RecordSet } from '../record-set.ts';
import { ClientPlaces } from './client-place.ts';
import type { RoutingFacts } from './decide.ts';
import { DnsServer } from './dns-server.ts';
import { ZoneTable } from './zone-table.ts';

/** Health checks that are down. */
export const down = new Set<string>();

/** `name TTL TYPE value` per line; several lines of one name and type are one set. */
function setsOf(text: string): RecordSet[] {
  const sets = new Map<string, RecordSet>();
  for (const line of text.trim().split('\n')) {
    const [name = '', ttl = '', type = '', ...rest] = line.trim().split(' ');
    const [value = '', members] = rest.join(' ').split(' | ');
    const more = members === undefined ? {} : (JSON.parse(members) as Partial<RecordSet>);
    const key = `${name} ${type} ${more.SetIdentifier ?? ''}`;
    const before = sets.get(key)?.ResourceRecords ?? [];
    sets.set(key, {
      Name: name,
      Type: type,
      TTL: Number(ttl),
      ResourceRecords: [...before, { Value: value }],
      ...more,
    });
  }
  return [...sets.values()];
}

export function fill(
  table: ZoneTable,
  id: string,
  name: string,
  ordinal: number,
  text: string,
): void {
  const zone = table.add({ id, name, createdAtMs: 0, ordinal });
  const groups = Map.groupBy(setsOf(text), (set) => `${set.Name} ${set.Type}`);
  for (const sets of groups.values()) {
    const [first] = sets;
    if (first !== undefined) {
      zone.setSets(parseName(first.Name, 8), typeNumber(first.Type) ?? 0, sets);
    }
  }
}

export const soa = 'ns1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400';
export const zones = new ZoneTable();
fill(
  zones,
  'Z1',
  'example.test.',
  0,
  `
  example.test. 900 SOA ${soa}
  example.test. 172800 NS ns1.awsdns-01.org.
  example.test. 172800 NS ns2.awsdns-02.com.
  www.example.test. 300 A 192.0.2.1
  txt.example.test. 300 TXT "hello \\"world\\""
  cname.example.test. 300 CNAME www.example.test.
  chain.example.test. 300 CNAME cname.example.test.
  out.example.test. 300 CNAME www.elsewhere.test.
  loop.example.test. 300 CNAME pool.example.test.
  pool.example.test. 300 CNAME loop.example.test.
  dangling.example.test. 300 CNAME nowhere.example.test.
  into.example.test. 300 CNAME host.sub.example.test.
  a.b.c.example.test. 300 A 192.0.2.2
  \\052.wild.example.test. 300 A 192.0.2.3
  \\052.wild.example.test. 300 TXT "any"
  real.wild.example.test. 300 A 192.0.2.4
  sub.example.test. 300 NS ns.sub.example.test.
  sub.example.test. 300 NS ns.elsewhere.test.
  sub.example.test. 300 DS 1 13 2 aabbcc
  ns.sub.example.test. 300 A 192.0.2.53
  ns.sub.example.test. 300 AAAA 2001:db8::53
  zero.example.test. 0 A 192.0.2.5
  near.example.test. 60 A 1.1.1.1 | {"SetIdentifier":"us","Region":"us-east-1","HealthCheckId":"us"}
  near.example.test. 60 A 2.2.2.2 | {"SetIdentifier":"eu","Region":"eu-central-1"}
  near.example.test. 60 A 3.3.3.3 | {"SetIdentifier":"ap","Region":"ap-northeast-1"}
  ${Array.from({ length: 60 }, (_, i) => `big.example.test. 300 AAAA 2001:db8::${i + 1}`).join('\n')}
  `,
);
fill(
  zones,
  'Z2',
  'deep.example.test.',
  1,
  `
  deep.example.test. 900 SOA ${soa}
  x.deep.example.test. 300 A 192.0.2.9
`,
);
fill(zones, 'Z3', 'example.test.', 2, `www.example.test. 300 A 203.0.113.1`);

const defaultPlace = placeByName('ashburn');
assert.ok(defaultPlace);
/** A name server for the zones above. */
export function serverWith(timeScale: number, more: Partial<RoutingFacts> = {}): DnsServer {
  assert.ok(defaultPlace);
  const health = { isHealthy: (id: string) => !down.has(id) };
  const random = namedRandom(1, 'dns');
  const facts: RoutingFacts = {
    health,
    latencyMs: placeToRegionRttMs,
    biasFormula: '2026',
    cidr: () => undefined,
    ...more,
  };
  return new DnsServer({
    zones,
    facts,
    random,
    clientPlaces: new ClientPlaces(defaultPlace),
    timeScale,
  });
}
