/**
 * Owns: what a table here knows of its replicas. Refuses to own: who they are and in which state
 * (global-tables tells).
 *
 *  M1  From the first replica on, local writes are logged and deletes leave tombstones; the last
 *      one that leaves takes the log with it.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import type { SetReplicasRequest } from '../api.ts';
import type { ReplicaContext } from './replica-tables.ts';

/** Answers after the change has reached the disk. */
export async function setReplicas(
  { catalog, storage }: ReplicaContext,
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
    catalog.replace({
      ...table,
      replicas: replicas.map(({ region, status }) => ({ region, status })),
    });
    if (replicas.length === 0) storage.trimChanges(table.id, storage.head(table.id));
  }
  await storage.store.flushed();
  return {};
}
