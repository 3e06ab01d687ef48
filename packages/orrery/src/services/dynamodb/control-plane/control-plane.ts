/**
 * Owns: what every control-plane operation works on, and how it finds its table.
 */
import type { Io } from '../../../io/io.ts';
import { limitExceeded, namedTableNotFound } from '../errors.ts';
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

const tablesMax = 2_500;

/** Throws where the region has as many tables as an account may have in one. */
export function refuseFurtherTable({ catalog }: ControlPlane): void {
  if (catalog.count() < tablesMax) return;
  throw limitExceeded(
    `Subscriber limit exceeded: There is a limit of ${tablesMax} tables per subscriber`,
  );
}

export function existingTable(plane: ControlPlane, nameOrArn: string): StoredTable {
  const name = tableNameOf(nameOrArn, plane.region);
  const table = plane.catalog.find(name);
  if (table === undefined) throw namedTableNotFound(name);
  return table;
}
