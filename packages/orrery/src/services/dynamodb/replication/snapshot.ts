/**
 * Owns: reading a whole table, tombstones included, in pages for a replica that is being added.
 * Refuses to own: sending; what happens meanwhile (the change log tells).
 *
 *  S1  Every record that stood here when the first page was read is in a page, in that version or a
 *      later one. The change log from then on holds the rest.
 *  S2  The floor comes with the last page only: before, the new replica would take what the
 *      snapshot still brings for something it had forgotten.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import type { Entry } from '../../../io/io.ts';
import { utf8Encode } from '../../../stdx/bytes.ts';
import type { ApplyRequest, ItemVersion, SnapshotRequest } from '../api.ts';
import { nextKey, type StoredTombstone } from '../storage/table-storage.ts';
import type { ChangesAnswer } from './read-changes.ts';
import { localKey, portableKey, type ReplicaContext, replicatedTable } from './replica-tables.ts';
import { readFloor } from './tombstones.ts';

const limitMax = 1_000;
const bytesMax = 1 << 20;

interface Page {
  readonly versions: ItemVersion[];
  readonly last: Uint8Array | undefined;
  readonly more: boolean;
}

/** One page; the header `orrery-next` leads to the following one and is absent on the last. */
export async function readSnapshot(
  context: ReplicaContext,
  request: SnapshotRequest,
): Promise<ChangesAnswer> {
  const { storage } = context;
  const table = replicatedTable(context, request.tableName);
  const limit = Math.min(request.limit, limitMax);
  const from = parseStart(table.id, request.start);
  const entries = from.deleted
    ? tombstones(storage.rangeTombstones(storage.store, table.id, from.key, limit + 1))
    : storage.rangeRecords(storage.store, table.id, from.key, limit + 1);
  const page = readPage(entries, limit, from.deleted);
  const next = nextStart(page, from.deleted);
  const body: ApplyRequest = {
    tableName: table.name,
    versions: page.versions,
    ...(next === undefined ? { floor: readFloor(storage.store, table.id) } : {}),
  };
  const answer = utf8Encode(JSON.stringify(body));
  await storage.store.flushed();
  const headers: Record<string, string> = { 'orrery-count': String(page.versions.length) };
  if (next !== undefined) headers['orrery-next'] = next;
  return { headers, body: answer };
}

function readPage(entries: Iterable<Entry>, limit: number, deleted: boolean): Page {
  const versions: ItemVersion[] = [];
  let last: Uint8Array | undefined;
  let bytes = 0;
  for (const { key, value } of entries) {
    if (versions.length === limit) return { versions, last, more: true };
    if (versions.length > 0 && bytes + value.length > bytesMax) {
      return { versions, last, more: true };
    }
    bytes += value.length;
    last = Buffer.from(key);
    versions.push({ key: portableKey(key), record: value, deleted });
  }
  return { versions, last, more: false };
}

/** Tombstones as entries by item key, with the text that travels. */
function* tombstones(found: Iterable<StoredTombstone>): Iterable<Entry> {
  for (const { itemKey, record, key } of found) yield { key: itemKey, value: record + key };
}

/** Items first (`i:` and the last key), then tombstones (`t:`). */
function nextStart({ last, more }: Page, deleted: boolean): string | undefined {
  const space = deleted ? 't' : 'i';
  if (more && last !== undefined) return `${space}:${portableKey(last)}`;
  return deleted ? undefined : 't:';
}

function parseStart(
  tableId: number,
  start: string | null,
): { key: Uint8Array | undefined; deleted: boolean } {
  if (start === null) return { key: undefined, deleted: false };
  const match = /^([it]):([A-Za-z0-9+/=]*)$/.exec(start);
  if (match === null) throw new ServiceError('ValidationException', 'start is not from here');
  const deleted = match[1] === 't';
  const portable = match[2] ?? '';
  if (portable === '') return { key: undefined, deleted };
  return { key: nextKey(localKey(tableId, portable)), deleted };
}
