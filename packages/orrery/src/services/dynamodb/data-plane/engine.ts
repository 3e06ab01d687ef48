/**
 * Owns: what every data-plane operation works on, and how it finds its table.
 *
 * The data plane sees tables only as the catalogue has them: it serves on while the control plane
 * does not.
 */
import { tableNotFound } from '../errors.ts';
import type { LocalWriter } from '../storage/local-writer.ts';
import type { RequestTokens } from '../storage/request-tokens.ts';
import { type StoredTable, statusIn } from '../storage/stored-table.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import { tableNameOf } from '../table-names.ts';
import type { Turns } from '../turns.ts';
import type { Throttle } from './throttle.ts';

export interface Engine {
  readonly catalog: TableCatalog;
  readonly storage: TableStorage;
  readonly writer: LocalWriter;
  readonly tokens: RequestTokens;
  readonly turns: Turns;
  /** Absent where nothing is throttled. */
  readonly throttle?: Throttle;
  /** Bytes that an item collection may have; 10 GB where absent. */
  readonly itemCollectionBytesMax?: number;
  readonly region: string;
}

/** The table of that name or ARN, if it serves. */
export function servingTable(engine: Engine, nameOrArn: string): StoredTable {
  const table = engine.catalog.find(tableNameOf(nameOrArn, engine.region));
  if (table === undefined) throw tableNotFound();
  const status = statusIn(table, engine.region);
  if (status === 'CREATING' || status === 'DELETING') throw tableNotFound();
  return table;
}
