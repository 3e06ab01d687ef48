/**
 * For tables of decisions: record sets in few words, and what is answered over many draws.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { namedRandom } from '../../../io/simulated/random.ts';
import { typeNumber, types } from '../../../wire/dns/constants.ts';
import { parseName } from '../../../wire/dns/name.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import { placeToRegionRttMs } from '../../../world/latency.ts';
import { placeByName } from '../../../world/places.ts';
import type { GeoLocation, GeoProximityLocation, RecordSet } from '../record-set.ts';
import { CidrIndex, parseCidr } from './cidr-index.ts';
import { type DecisionContext, decide } from './decide.ts';
import type { BiasFormula } from './geoproximity.ts';
import { ZoneTable } from './zone-table.ts';

export type Members = Partial<RecordSet>;

export const zoneId = 'Z1';
export const zoneName = 'z.test.';

export function set(name: string, members: Members, ...values: string[]): RecordSet {
  const records =
    values.length === 0 ? {} : { TTL: 60, ResourceRecords: values.map((Value) => ({ Value })) };
  return { Name: `${name}.${zoneName}`, Type: 'A', ...records, ...members };
}

export const simple = (name: string, ...values: string[]) => set(name, {}, ...values);
export const weighted = (
  name: string,
  id: string,
  Weight: number,
  value: string,
  more: Members = {},
) => set(name, { SetIdentifier: id, Weight, ...more }, value);
export const latency = (name: string, Region: string, value: string, more: Members = {}) =>
  set(name, { SetIdentifier: Region, Region, ...more }, value);
export const failover = (
  name: string,
  Failover: 'PRIMARY' | 'SECONDARY',
  value: string,
  more: Members = {},
) => set(name, { SetIdentifier: Failover, Failover, ...more }, value);
export const multivalue = (name: string, id: string, value: string, more: Members = {}) =>
  set(name, { SetIdentifier: id, MultiValueAnswer: true, ...more }, value);
export const geo = (
  name: string,
  id: string,
  GeoLocation: GeoLocation,
  value: string,
  more: Members = {},
) => set(name, { SetIdentifier: id, GeoLocation, ...more }, value);
export const near = (
  name: string,
  id: string,
  GeoProximityLocation: GeoProximityLocation,
  value: string,
  more: Members = {},
) => set(name, { SetIdentifier: id, GeoProximityLocation, ...more }, value);
export const collectionId = 'c0000000-0000-0000-0000-000000000000';
export const cidr = (name: string, LocationName: string, value: string, more: Members = {}) =>
  set(
    name,
    {
      SetIdentifier: LocationName,
      CidrRoutingConfig: { CollectionId: collectionId, LocationName },
      ...more,
    },
    value,
  );
export const checked = (HealthCheckId: string): Members => ({ HealthCheckId });
export const alias = (target: string, EvaluateTargetHealth = true): Members => ({
  AliasTarget: { HostedZoneId: zoneId, DNSName: `${target}.${zoneName}`, EvaluateTargetHealth },
});
/** A set of a policy that is an alias: the value of the maker is dropped. */
export const to = (
  base: RecordSet,
  target: string,
  evaluate = true,
  more: Members = {},
): RecordSet => {
  const { TTL: _ttl, ResourceRecords: _records, ...rest } = base;
  return { ...rest, ...alias(target, evaluate), ...more };
};
export const aws = (base: RecordSet, region: string, more: Members = {}): RecordSet => {
  const { TTL: _ttl, ResourceRecords: _records, ...rest } = base;
  const DNSName = `d-x.execute-api.${region}.amazonaws.com.`;
  const target = { HostedZoneId: 'ZAWS', DNSName, EvaluateTargetHealth: true };
  return { ...rest, AliasTarget: target, ...more };
};

function zoneOf(sets: readonly RecordSet[]) {
  const table = new ZoneTable();
  const zone = table.add({ id: zoneId, name: zoneName, createdAtMs: 0, ordinal: 0 });
  const groups = new Map<string, RecordSet[]>();
  for (const each of sets) {
    const key = `${each.Name} ${each.Type}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  for (const group of groups.values()) {
    const [first] = group;
    assert.ok(first);
    zone.setSets(parseName(first.Name, 8), typeNumber(first.Type) ?? 0, group);
  }
  return zone;
}

/** Blocks of the collection that `cidr` records name. */
export const blocks = new CidrIndex({
  wide: ['10.0.0.0/8', '2001:db8::/32'],
  narrow: ['10.1.0.0/16', '2001:db8:1::/48'],
  narrowest: ['10.1.2.0/24'],
  other: ['192.0.0.0/4'],
});
/** The client whose prefix that is. */
export const client = (prefix: string): Partial<DecisionContext> => ({
  prefix: () => parseCidr(prefix),
});
export const formula = (biasFormula: BiasFormula): Partial<DecisionContext> => ({ biasFormula });

const random = namedRandom(1, 'decisions');

export function context(
  sets: readonly RecordSet[],
  down: readonly string[],
  place: string,
  more: Partial<DecisionContext> = {},
): DecisionContext {
  const at = placeByName(place);
  assert.ok(at, place);
  const zone = zoneOf(sets);
  return {
    health: { isHealthy: (id) => !down.includes(id) },
    place: at,
    random,
    lookup: (name, type) => zone.group(name, type),
    prefix: () => parseCidr(at.subnet),
    latencyMs: placeToRegionRttMs,
    biasFormula: '2026',
    cidr: (id) => (id === collectionId ? blocks : undefined),
    ...more,
  };
}

/** All answers that come up in many draws, each as its sorted values; and the flags. */
export function outcomes(
  sets: readonly RecordSet[],
  down: readonly string[],
  place: string,
  more: Partial<DecisionContext> = {},
) {
  const with_ = context(sets, down, place, more);
  const group = with_.lookup(parseName(`x.${zoneName}`), types.A);
  assert.ok(group, 'rows are about x');
  const seen = new Map<string, number>();
  let flags = '';
  const draws = 200;
  for (let i = 0; i < draws; i++) {
    const made = decide(group, with_);
    const answer = made.data
      .map((data) => dataText(types.A, data))
      .sort()
      .join(' ');
    seen.set(answer, (seen.get(answer) ?? 0) + 1 / draws);
    flags = `${made.chance ? 'chance' : ''}${made.location ? 'location' : ''}`;
  }
  return { answers: [...seen.keys()].sort(), shares: seen, flags };
}

export interface Row {
  readonly why: string;
  readonly sets: readonly RecordSet[];
  readonly down?: readonly string[];
  readonly from?: string;
  /** Every answer that may come, and no other. */
  readonly to: readonly string[];
}

/** A row of the table that people read: one decision, why it is so, and who says so. */
export interface Decided {
  readonly policy: string;
  readonly from: string;
  readonly down: readonly string[];
  readonly answers: readonly string[];
  readonly why: string;
  /** A page of the Route 53 developer guide, unless it says otherwise. */
  readonly source: string;
}

/** Compares the decisions that were made to the table on disk; UPDATE=1 rewrites it. */
export function compareTable(file: string, title: string, decided: readonly Decided[]): void {
  const cells = decided.map(({ policy, from, down, answers, why, source }, i) => {
    const answer = answers.map((each) => (each === '' ? 'nothing' : each)).join(' or ');
    return [String(i + 1), policy, from, down.join(' ') || '–', answer, why, source];
  });
  const heads = ['', 'policy', 'from', 'down', 'answer', 'why', 'source'];
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const table = [line(heads), line(heads.map(() => '---')), ...cells.map(line)].join('\n');
  const text =
    `# ${title}\n\nWritten by the test beside it, which makes every one of these decisions ` +
    `(\`UPDATE=1\` rewrites it).\nSources are pages of the Route 53 developer guide.\n\n${table}\n`;
  const path = join(import.meta.dirname, file);
  if (env['UPDATE'] === '1') writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'), `UPDATE=1 rewrites ${file}`);
  for (const { why, source } of decided) assert.ok(why !== '' && source !== '');
}
