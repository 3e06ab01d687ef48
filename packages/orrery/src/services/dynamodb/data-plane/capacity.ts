/**
 * Owns: consumed capacity as responses tell it. Pure; nothing is throttled by it.
 *
 * Reads are counted in 4 KB, halved where eventually consistent; writes in 1 KB of the larger of
 * before and after, and each index by what of its entry changes (developer guide, "Read and write
 * operations").
 */
import { indexKeyOf } from '../storage/index-entries.ts';
import { projectToIndex } from '../storage/projections.ts';
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { equalMaps } from '../values/compare.ts';
import { itemSize } from '../values/size.ts';

export type CapacityMode = 'NONE' | 'TOTAL' | 'INDEXES' | undefined;

/** Units of tables and indexes, before they are put into the response's form. */
export interface Units {
  table: number;
  readonly indexes: Map<string, number>;
}

interface CapacityUnits {
  readonly CapacityUnits: number;
  readonly ReadCapacityUnits?: number;
  readonly WriteCapacityUnits?: number;
}

/** The kind of units that transactions name besides. */
export type UnitKind = 'ReadCapacityUnits' | 'WriteCapacityUnits';

/** What a transaction costs, against the same reads and writes without one. */
export const transactionFactor = 2;

export interface ConsumedCapacity extends CapacityUnits {
  readonly TableName: string;
  readonly Table?: CapacityUnits;
  readonly LocalSecondaryIndexes?: Record<string, CapacityUnits>;
  readonly GlobalSecondaryIndexes?: Record<string, CapacityUnits>;
}

export function wantsCapacity(mode: CapacityMode): boolean {
  return mode === 'TOTAL' || mode === 'INDEXES';
}

export function readUnits(bytes: number, consistent: boolean): number {
  const units = Math.max(1, Math.ceil(bytes / 4096));
  return consistent ? units : units / 2;
}

export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}

/** Units of replacing one item by another; both are undefined where there is none. */
export function unitsOfWrite(
  table: StoredTable,
  before: AttributeMap | undefined,
  after: AttributeMap | undefined,
): Units {
  const sizes = [before, after].map((item) => (item === undefined ? 0 : itemSize(item)));
  const indexes = new Map<string, number>();
  for (const index of table.indexes) {
    const units = unitsOfIndexWrite(table, index, before, after);
    if (units > 0) indexes.set(index.name, units);
  }
  return { table: writeUnits(Math.max(...sizes)), indexes };
}

const noKey = new Uint8Array(0);

function unitsOfIndexWrite(
  table: StoredTable,
  index: StoredIndex,
  before: AttributeMap | undefined,
  after: AttributeMap | undefined,
): number {
  const oldKey = before && indexKeyOf(table.id, index, before, noKey);
  const newKey = after && indexKeyOf(table.id, index, after, noKey);
  const old = oldKey && before ? projectToIndex(table, index, before) : undefined;
  const fresh = newKey && after ? projectToIndex(table, index, after) : undefined;
  const units = (item: AttributeMap | undefined): number =>
    item === undefined ? 0 : writeUnits(itemSize(item));
  if (old === undefined || fresh === undefined || !oldKey || !newKey) return units(old ?? fresh);
  if (!oldKey.equals(newKey)) return units(old) + units(fresh);
  return equalMaps(old, fresh) ? 0 : Math.max(units(old), units(fresh));
}

/** Adds units to those of the table, `factor` times. */
export function addUnits(
  all: Map<StoredTable, Units>,
  table: StoredTable,
  added: Units,
  factor = 1,
): void {
  const sum = all.get(table) ?? { table: 0, indexes: new Map<string, number>() };
  sum.table += added.table * factor;
  for (const [name, units] of added.indexes) {
    sum.indexes.set(name, (sum.indexes.get(name) ?? 0) + units * factor);
  }
  all.set(table, sum);
}

/** The response's form of several tables; undefined where it was not asked for. */
export function consumedCapacities(
  units: ReadonlyMap<StoredTable, Units>,
  mode: CapacityMode,
  kind?: UnitKind,
): ConsumedCapacity[] | undefined {
  if (!wantsCapacity(mode)) return undefined;
  return [...units].flatMap(([table, each]) => consumedCapacity(table, mode, each, kind) ?? []);
}

/** The response's form; undefined where it was not asked for. Transactions tell the `kind` too. */
export function consumedCapacity(
  table: StoredTable,
  mode: CapacityMode,
  units: Units,
  kind?: UnitKind,
): ConsumedCapacity | undefined {
  if (!wantsCapacity(mode)) return undefined;
  const told = (count: number): CapacityUnits => ({
    CapacityUnits: count,
    ...(kind !== undefined && { [kind]: count }),
  });
  let total = units.table;
  for (const each of units.indexes.values()) total += each;
  const base = { TableName: table.name, ...told(total) };
  if (mode === 'TOTAL') return base;
  const local: Record<string, CapacityUnits> = {};
  const global: Record<string, CapacityUnits> = {};
  for (const [name, each] of units.indexes) {
    const isLocal = table.indexes.find((index) => index.name === name)?.kind === 'LOCAL';
    (isLocal ? local : global)[name] = told(each);
  }
  return {
    ...base,
    Table: told(units.table),
    ...(Object.keys(local).length > 0 && { LocalSecondaryIndexes: local }),
    ...(Object.keys(global).length > 0 && { GlobalSecondaryIndexes: global }),
  };
}
