/**
 * Owns: where the region's clock goes on after a restart: behind every timestamp that it has given
 * to a write that others may have, and behind every one that it has seen with one.
 *
 *  K1  Own writes are found at the end of each change log.
 *  K2  Observed ones are noted with the batch that brought them, in its transaction.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import type { HlcTimestamp } from '../api.ts';
import { spaces, textKey } from '../storage/key-encoding.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import { zeroTimestamp } from './hybrid-logical-clock.ts';

const observedKey = textKey(spaces.replication, 'observed');

/** The greatest timestamp of the store, for `createHybridLogicalClock`. */
export function clockStart(storage: TableStorage, catalog: TableCatalog): HlcTimestamp {
  const observed = readObserved(storage.store);
  const stamped = storage.latestTimestamp(catalog.list().map(({ id }) => id));
  return stamped !== undefined && stamped > observed ? stamped : observed;
}

/** Notes a timestamp that came from elsewhere, if it is the greatest so far. */
export function noteObserved(transaction: WriteTransaction, timestamp: HlcTimestamp): void {
  if (timestamp > readObserved(transaction)) transaction.put(observedKey, timestamp);
}

function readObserved(transaction: ReadTransaction): HlcTimestamp {
  return transaction.get(observedKey) ?? zeroTimestamp;
}
