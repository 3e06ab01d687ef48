/**
 * Owns: telling the throttle what the write of one item costs. Nothing is counted where nothing is
 * throttled.
 */
import type { StoredTable } from '../storage/stored-table.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { unitsOfWrite } from './capacity.ts';
import type { Engine } from './engine.ts';
import { itemOf } from './item-operation.ts';

/** Charges for putting `after` in the place of that record, which was just read; may throw. */
export function chargeOf(
  { throttle }: Engine,
  table: StoredTable,
  key: Uint8Array,
  record: string | undefined,
  factor = 1,
): ((after: AttributeMap | undefined) => void) | undefined {
  if (throttle === undefined) return undefined;
  return (after) => throttle.write(table, key, unitsOfWrite(table, itemOf(record), after), factor);
}
