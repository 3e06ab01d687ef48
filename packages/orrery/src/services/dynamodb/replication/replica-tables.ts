/**
 * Owns: what the operations of this folder share: the engine they work on and how a record is found
 * and put, tombstone or not. Refuses to own: decisions.
 */

import { ServiceError } from '../../../endpoint/service.ts';
import type { Io, ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import { assert } from '../../../stdx/assert.ts';
import type { ItemVersion } from '../api.ts';
import { itemKeyOf } from '../storage/key-encoding.ts';
import { isReplicated, type StoredTable, statusIn } from '../storage/stored-table.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import type { Turns } from '../turns.ts';
import type { HybridLogicalClock } from './hybrid-logical-clock.ts';
import type { Versioned } from './last-writer-wins.ts';
import { decodeRecord, encodeRecord } from './version.ts';

/** The engine of one region as replication sees it. */
export interface ReplicaContext {
  readonly io: Pick<Io, 'clock' | 'timers' | 'probe'>;
  readonly region: string;
  readonly catalog: TableCatalog;
  readonly storage: TableStorage;
  readonly clock: HybridLogicalClock;
  readonly turns: Turns;
}

/** The table of that name, which replicates. Throws ResourceNotFoundException otherwise. */
export function replicatedTable(context: ReplicaContext, tableName: string): StoredTable {
  const table = context.catalog.find(tableName);
  if (table === undefined || !isReplicated(table)) {
    throw new ServiceError('ResourceNotFoundException', `No replica of ${tableName} here`);
  }
  return table;
}

/** One version of an item: an item or a tombstone. */
export interface AnyVersion extends Versioned {
  readonly deleted: boolean;
  /** JSON of the item, of a tombstone JSON of its key. */
  readonly body: string;
}

/** A version as it stands in the store; `text` is what travels as `ItemVersion.record`. */
export interface HeldVersion extends AnyVersion {
  readonly text: string;
}

/** Takes a version apart that came from another region. */
export function decodeVersion({ record, deleted }: ItemVersion): AnyVersion {
  const { version, vector, item } = decodeRecord(record);
  assert(item !== null, 'what travels has a body');
  return { version, vector, body: item, deleted };
}

/** What stands at a key, item or tombstone; undefined where neither does. */
export function readHeld(
  storage: TableStorage,
  transaction: ReadTransaction,
  key: Uint8Array,
): HeldVersion | undefined {
  const record = storage.readRecord(transaction, key);
  if (record !== undefined) return held(record, false);
  const tombstone = storage.readTombstone(transaction, key);
  return tombstone === undefined ? undefined : held(tombstone.record + tombstone.key, true);
}

function held(text: string, deleted: boolean): HeldVersion {
  return { ...decodeVersion({ key: '', record: text, deleted }), text };
}

/**
 * Puts a version where `previous` stood (just read, in this transaction). A replica that is still
 * being filled has no changes to tell its stream of.
 */
export function putVersion(
  { storage, region }: ReplicaContext,
  transaction: WriteTransaction,
  table: StoredTable,
  key: Uint8Array,
  next: AnyVersion,
  previous: HeldVersion | undefined,
): void {
  const { version, vector, body } = next;
  const item = previous?.deleted === false ? previous.text : undefined;
  const details = { fills: statusIn(table, region) === 'CREATING' };
  if (next.deleted) {
    if (item !== undefined) storage.deleteRecord(transaction, table, key, item, details);
    storage.putTombstone(transaction, key, {
      record: encodeRecord(version, vector, null),
      key: body,
    });
    return;
  }
  if (previous?.deleted === true) storage.deleteTombstone(transaction, key);
  storage.putRecord(transaction, table, key, encodeRecord(version, vector, body), item, details);
}

const prefixBytes = 5;
const hashBytes = 16;

/** Key bytes without space and table: the same in every region. */
export function portableKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('base64', prefixBytes);
}

/** The reverse of `portableKey`, for the table of that number. */
export function localKey(tableId: number, portable: string): Buffer {
  const bytes = Buffer.from(portable, 'base64');
  assert(bytes.length >= hashBytes, 'a portable key holds a whole hash');
  return itemKeyOf(tableId, bytes.subarray(0, hashBytes), bytes.subarray(hashBytes));
}
