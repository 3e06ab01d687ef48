/**
 * Owns: who is throttled where capacity is enforced: token buckets of tables, global indexes and
 * partition keys. Nothing of it is stored: after a restart all begin anew.
 *
 *  R1  A request passes while every bucket that it draws on holds anything, and then costs what it
 *      costs, so a bucket may go into debt. A throttled request costs nothing.
 *  R2  Provisioned capacity that was not used is kept for five minutes (burst). On demand, twice the
 *      busiest second up to half an hour ago is served at once, and never less than a new table is.
 *      Where a table or index has a limit of its own (OnDemandThroughput), that is its bound.
 *  R3  One partition key has 1,000 writes and 3,000 reads a second, whatever the table has.
 */
import type { Clock } from '../../../io/io.ts';
import { type ThrottlingReason, throttled } from '../errors.ts';
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import type { Units } from './capacity.ts';

const burstSeconds = 300;
const onDemand = { Read: 12_000, Write: 4_000 } as const;
const onDemandMax = 40_000;
const rampSeconds = 30 * 60;
const keyRange = { Read: 3_000, Write: 1_000 } as const;
/** Partition keys whose buckets are kept; a forgotten one is full again. */
const keysMax = 10_000;

type Direction = 'Read' | 'Write';

export interface Throttle {
  /** Reads of one partition key, or of many where there is none. Throws where throttled. */
  read(
    table: StoredTable,
    index: StoredIndex | undefined,
    partition: Uint8Array | undefined,
    units: number,
  ): void;
  /** The write of the item with that key. */
  write(table: StoredTable, itemKey: Uint8Array, units: Units, factor?: number): void;
}

/** Where the hash stands in the key of an item (`storage/key-encoding.ts`). */
export function partitionOf(itemKey: Uint8Array): Uint8Array {
  return itemKey.subarray(5, 21);
}

interface Draw {
  readonly bucket: Bucket;
  readonly units: number;
  readonly reason: ThrottlingReason;
}

export function createThrottle(clock: Clock): Throttle {
  const buckets = new Map<string, Bucket>();
  const keys = new Map<string, Bucket>();
  const nowS = (): number => clock.monotonicUs() / 1_000_000;

  const drawOn = (
    direction: Direction,
    table: StoredTable,
    index: StoredIndex | undefined,
    units: number,
  ): Draw => {
    const name = `${table.id}/${index?.id ?? ''}/${direction}`;
    const bucket = buckets.get(name) ?? new Bucket(nowS());
    buckets.set(name, bucket);
    const throughput = (index ?? table).throughput;
    const provisioned =
      direction === 'Read' ? throughput?.readCapacityUnits : throughput?.writeCapacityUnits;
    if (table.billingMode === 'PROVISIONED') {
      const rate = provisioned ?? 0;
      bucket.refill(nowS(), rate, burstSeconds);
      return { bucket, units, reason: reasonOf(table, index, direction, 'Provisioned') };
    }
    const rate = bucket.onDemandRate(onDemand[direction]);
    const most = mostOnDemand(index ?? table, direction);
    bucket.refill(nowS(), Math.min(rate, most), 1);
    const what = most < rate ? 'MaxOnDemand' : 'KeyRange';
    return { bucket, units, reason: reasonOf(table, index, direction, what) };
  };

  const drawOnKey = (
    direction: Direction,
    table: StoredTable,
    index: StoredIndex | undefined,
    partition: Uint8Array,
    units: number,
  ): Draw => {
    const hash = Buffer.from(partition).toString('latin1');
    const name = `${table.id}/${index?.id ?? ''}/${direction}/${hash}`;
    const bucket = keys.get(name) ?? new Bucket(nowS());
    keys.delete(name);
    keys.set(name, bucket);
    if (keys.size > keysMax) {
      const oldest = keys.keys().next();
      if (!oldest.done) keys.delete(oldest.value);
    }
    const rate = keyRange[direction];
    bucket.refill(nowS(), rate, 1);
    return { bucket, units, reason: reasonOf(table, index, direction, 'KeyRange') };
  };

  return {
    read: (table, index, partition, units) => {
      const global = index?.kind === 'GLOBAL' ? index : undefined;
      const draws = [drawOn('Read', table, global, units)];
      if (partition !== undefined) draws.push(drawOnKey('Read', table, global, partition, units));
      spend(table, draws);
    },
    write: (table, itemKey, units, factor = 1) => {
      let own = units.table;
      const draws: Draw[] = [];
      for (const index of table.indexes) {
        const each = units.indexes.get(index.name);
        if (each === undefined) continue;
        if (index.kind === 'LOCAL') own += each;
        else draws.push(drawOn('Write', table, index, each * factor));
      }
      draws.unshift(drawOn('Write', table, undefined, own * factor));
      draws.push(drawOnKey('Write', table, undefined, partitionOf(itemKey), own * factor));
      spend(table, draws);
    },
  };
}

function spend(table: StoredTable, draws: readonly Draw[]): void {
  const empty = draws.filter(({ bucket }) => bucket.tokens <= 0);
  if (empty.length > 0) {
    throw throttled(
      table.billingMode === 'PROVISIONED',
      empty.map(({ reason }) => reason),
    );
  }
  for (const { bucket, units } of draws) bucket.spend(units);
}

function reasonOf(
  table: StoredTable,
  index: StoredIndex | undefined,
  direction: Direction,
  what: 'Provisioned' | 'KeyRange' | 'MaxOnDemand',
): ThrottlingReason {
  return {
    reason: `${index === undefined ? 'Table' : 'Index'}${direction}${what}ThroughputExceeded`,
    resource: index === undefined ? table.arn : `${table.arn}/index/${index.name}`,
  };
}

/** The limit that was set; none is -1, or is not there. */
function mostOnDemand(
  { onDemandLimits: limits }: Pick<StoredTable, 'onDemandLimits'>,
  direction: Direction,
): number {
  const most = direction === 'Read' ? limits?.reads : limits?.writes;
  return most === undefined || most < 0 ? Number.POSITIVE_INFINITY : most;
}

class Bucket {
  /** Not a number until it is first filled. */
  tokens = Number.NaN;
  #atS: number;
  /** Units of the second under way, and the busiest of this half hour and of those before. */
  #spent = 0;
  #second: number;
  #busiest = 0;
  #earlierBusiest = 0;
  #sinceS: number;

  constructor(nowS: number) {
    this.#atS = nowS;
    this.#second = Math.floor(nowS);
    this.#sinceS = nowS;
  }

  /** A new bucket holds one second's worth. */
  refill(nowS: number, rate: number, seconds: number): void {
    const before = Number.isNaN(this.tokens) ? rate : this.tokens;
    this.tokens = Math.min(rate * seconds, before + (nowS - this.#atS) * rate);
    this.#atS = nowS;
    if (Math.floor(nowS) !== this.#second) {
      this.#second = Math.floor(nowS);
      this.#spent = 0;
    }
    if (nowS - this.#sinceS < rampSeconds) return;
    this.#sinceS = nowS;
    this.#earlierBusiest = Math.max(this.#earlierBusiest, this.#busiest);
  }

  spend(units: number): void {
    this.tokens -= units;
    this.#spent += units;
    this.#busiest = Math.max(this.#busiest, this.#spent);
  }

  onDemandRate(least: number): number {
    return Math.min(onDemandMax, Math.max(least, 2 * this.#earlierBusiest));
  }
}
