/**
 * Owns: what every control-plane operation works on, and how it finds its table.
 */
import type { Io } from '../../../io/io.ts';
import { namedTableNotFound } from '../errors.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import { tableNameOf } from '../table-names.ts';
import type { Sweeper } from '../time-to-live/sweeper.ts';
import type { BackupKeeper } from './backup-keeper.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface ControlPlane {
  readonly io: Io;
  readonly catalog: TableCatalog;
  readonly storage: TableStorage;
  readonly lifecycle: Lifecycle;
  readonly sweeper: Sweeper;
  readonly backups: BackupKeeper;
  readonly region: string;
  readonly accountId: string;
}

export function existingTable(plane: ControlPlane, nameOrArn: string): StoredTable {
  const name = tableNameOf(nameOrArn, plane.region);
  const table = plane.catalog.find(name);
  if (table === undefined) throw namedTableNotFound(name);
  return table;
}
