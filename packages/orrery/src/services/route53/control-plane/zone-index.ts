/**
 * Orders of zones other than by id, and counts: so that lists cost what they show, however many
 * zones there are. Owns their keys (layout in `plane.ts`).
 *
 * N1  Every zone stands in each index that it belongs to, from the transaction that makes it to
 *     the one that deletes it.
 */
import type { ReadTransaction, Store, WriteTransaction } from '../../../io/io.ts';
import { keyOf, partsOf, rangeOf, reversedName } from '../keys.ts';
import type { RecordSet, Vpc } from '../record-set.ts';
import { setKey, type ZoneRecord } from './plane.ts';

export type Counted = 'zone' | 'health-check';

function keysOf(zone: ZoneRecord): Uint8Array[] {
  const byVpc = (zone.vpcs ?? []).map(({ id, region }) => keyOf('zone-vpc', region, id, zone.id));
  const byKind = zone.vpcs === undefined ? [] : [keyOf('zone-private', zone.id)];
  return [keyOf('zone-name', reversedName(zone.name), zone.id), ...byKind, ...byVpc];
}

/** Puts a zone into the indexes; one that was in them is taken out first. */
export function indexZone(
  transaction: WriteTransaction,
  before: ZoneRecord | undefined,
  after: ZoneRecord | undefined,
): void {
  for (const key of before === undefined ? [] : keysOf(before)) transaction.delete(key);
  for (const key of after === undefined ? [] : keysOf(after)) transaction.put(key, '');
  addToCount(transaction, 'zone', Number(after !== undefined) - Number(before !== undefined));
}

export function addToCount(transaction: WriteTransaction, kind: Counted, delta: number): void {
  if (delta === 0) return;
  transaction.put(keyOf('count', kind), String(countOf(transaction, kind) + delta));
}

export function countOf(store: ReadTransaction, kind: Counted): number {
  return Number(store.get(keyOf('count', kind)) ?? 0);
}

function* idsIn(
  store: ReadTransaction,
  range: { start: Uint8Array; end: Uint8Array },
  limit: number,
): Generator<string> {
  for (const { key } of store.range({ ...range, limit })) yield partsOf(key).at(-1) ?? '';
}

/** Ids of zones in the order of their names, from a name and an id on. */
export function zonesByName(
  store: ReadTransaction,
  from: { readonly name: string; readonly id: string } | undefined,
  limit: number,
): string[] {
  const range = rangeOf('zone-name');
  const start =
    from === undefined ? range.start : keyOf('zone-name', reversedName(from.name), from.id);
  return [...idsIn(store, { ...range, start }, limit)];
}

/** Ids of all private zones, from an id on. */
export function privateZones(store: ReadTransaction, from: string, limit: number): string[] {
  const start = keyOf('zone-private', from);
  return [...idsIn(store, { ...rangeOf('zone-private'), start }, limit)];
}

/** Ids of the private zones of a VPC, from an id on. */
export function zonesOfVpc(
  store: ReadTransaction,
  { id, region }: Vpc,
  from: string,
  limit: number,
): string[] {
  const range = rangeOf('zone-vpc', region, id);
  return [...idsIn(store, { ...range, start: keyOf('zone-vpc', region, id, from) }, limit)];
}

/** Makes the indexes of a store that was written before there were any, and orders its sets anew. */
export function buildIndexes(store: Store): void {
  if (store.get(keyOf('indexed')) !== undefined) return;
  store.transaction((transaction) => {
    for (const { key, value } of [...transaction.range(rangeOf('set'))]) {
      if (!key.includes(0x5c)) continue;
      transaction.delete(key);
      transaction.put(setKey(partsOf(key)[1] ?? '', JSON.parse(value) as RecordSet), value);
    }
    for (const { value } of [...transaction.range(rangeOf('zone'))]) {
      indexZone(transaction, undefined, JSON.parse(value) as ZoneRecord);
    }
    const checks = [...transaction.range(rangeOf('health-check'))].length;
    addToCount(transaction, 'health-check', checks);
    transaction.put(keyOf('indexed'), '1');
  });
}
