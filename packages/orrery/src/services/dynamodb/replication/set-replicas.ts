/**
 * Owns: what a table here knows of its replicas. Refuses to own: who they are and in which state
 * (global-tables tells).
 *
 *  M1  From the first replica on, local writes are logged and deletes leave tombstones; the last
 *      one that leaves takes the log with it.
 *  M2  What was written to a new replica between its creation and its joining is logged as it
 *      joins: nobody else has it.
 *  M3  A table with replicas has a stream, as in DynamoDB: the first replica turns it on.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import type { WriteTransaction } from '../../../io/io.ts';
import type { SetReplicasRequest, Version } from '../api.ts';
import { nextStreamLabel, type StoredTable } from '../storage/stored-table.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import type { ReplicaContext } from './replica-tables.ts';
import { versionOfRecord } from './version.ts';

/** Answers after the change has reached the disk. */
export async function setReplicas(
  { catalog, storage, region, io }: ReplicaContext,
  { tableName, replicas }: SetReplicasRequest,
): Promise<object> {
  const table = catalog.find(tableName);
  if (table === undefined) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${tableName} not found`,
    );
  }
  if (JSON.stringify(table.replicas) !== JSON.stringify(replicas)) {
    const self = replicas.find((replica) => replica.region === region);
    const joins = table.replicas.length === 0 && self?.status === 'CREATING';
    const known = replicas.map(({ region: id, status }) => ({ region: id, status }));
    const streams = replicas.length > 0 && table.streamView === undefined;
    const stream = streams
      ? {
          streamView: 'NEW_AND_OLD_IMAGES',
          streamLabel: nextStreamLabel(table, io.clock.wallMs()),
        }
      : {};
    const next = { ...table, ...stream, replicas: known };
    catalog.replace(next, (transaction) => {
      if (joins) logEverything(storage, transaction, table);
      if (streams) storage.streams.enable(transaction, next);
    });
    if (streams) storage.streams.refresh();
    if (replicas.length === 0) storage.trimChanges(table.id, storage.head(table.id));
  }
  await storage.store.flushed();
  return {};
}

/** Usually nothing: the table has just been made. */
function logEverything(
  storage: TableStorage,
  transaction: WriteTransaction,
  table: StoredTable,
): void {
  const found: { key: Buffer; version: Version }[] = [];
  const all = Number.MAX_SAFE_INTEGER;
  for (const { key, value } of storage.rangeRecords(transaction, table.id, undefined, all)) {
    found.push({ key: Buffer.from(key), version: versionOfRecord(value) });
  }
  for (const { key, version } of found) {
    storage.appendChange(transaction, table.id, key, version);
  }
}
