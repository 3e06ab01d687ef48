/**
 * Scan: every item of a table or index, in the order of the partition keys' hashes.
 * Refuses to own: reading and cutting pages (`page.ts`).
 */
import type { SerializedBytes } from '../../../endpoint/service.ts';
import { compareBytes } from '../../../stdx/bytes.ts';
import { atLeast, atMost, type Rules } from '../constraints.ts';
import { validationError } from '../errors.ts';
import { nextKey, spaces, tableRange } from '../storage/key-encoding.ts';
import { segmentRange, wholeIndex } from '../storage/key-ranges.ts';
import { type Engine, servingTable } from './engine.ts';
import {
  checkExpressionParameters,
  checkMembers,
  pathsOf,
  placeholdersOf,
  refuseKeyPaths,
} from './item-operation.ts';
import { readPage } from './page.ts';
import { readRules } from './query.ts';
import {
  bindFilterAndPaths,
  checkProjected,
  checkSelect,
  checkStartKey,
  encodeStartKey,
  indexOf,
  invalidStart,
  type ReadInput,
  readIndexOf,
  shapeFor,
} from './read-parameters.ts';

export interface ScanInput extends ReadInput {
  readonly Segment?: number;
  readonly TotalSegments?: number;
}

const rules: Rules = [
  ...readRules,
  ['TotalSegments', atLeast(1), atMost(1_000_000)],
  ['Segment', atLeast(0), atMost(999_999)],
];

export function scan(engine: Engine, input: ScanInput): SerializedBytes | Promise<SerializedBytes> {
  checkMembers(input, rules);
  checkExpressionParameters(
    input,
    ['ProjectionExpression', 'FilterExpression'],
    ['AttributesToGet', 'ScanFilter', 'ConditionalOperator'],
  );
  checkStartKey(input);
  checkSelect(input, 'Scanning');
  const { segment, total } = segmentOf(input);
  const given = placeholdersOf(input);
  const bound = bindFilterAndPaths(input, given);
  given.finish();

  const table = servingTable(engine, input.TableName);
  const index = indexOf(table, input);
  refuseKeyPaths(table, [...(bound.paths ?? []), ...pathsOf(bound.filter)]);
  checkProjected(table, index, input, bound.paths);
  const all =
    index === undefined ? tableRange(spaces.items, table.id) : wholeIndex(table.id, index.id);
  let range = segmentRange(all, segment, total);
  if (input.ExclusiveStartKey !== undefined) {
    const start = encodeStartKey(table, index, input.ExclusiveStartKey);
    if (compareBytes(start, range.start) < 0 || compareBytes(start, range.end) >= 0) {
      throw invalidStart(
        'Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ' +
          `TotalSegments: ${total} Segment: ${segment}`,
      );
    }
    range = { start: nextKey(start), end: range.end };
  }
  const { throttle } = engine;
  return readPage(engine, {
    table,
    ...readIndexOf(table, index, input, bound.paths),
    range,
    reverse: false,
    limit: input.Limit,
    filter: bound.filter,
    shape: shapeFor(bound.paths),
    countOnly: input.Select === 'COUNT',
    consistent: input.ConsistentRead === true,
    capacity: input.ReturnConsumedCapacity,
    spend: throttle && ((units) => throttle.read(table, index, undefined, units)),
  });
}

function segmentOf({ Segment: segment, TotalSegments: total }: ScanInput): {
  segment: number;
  total: number;
} {
  if (segment === undefined && total === undefined) return { segment: 0, total: 1 };
  if (total === undefined) {
    throw validationError(
      'The TotalSegments parameter is required but was not present in the request when Segment ' +
        'parameter is present',
    );
  }
  if (segment === undefined) {
    throw validationError(
      'The Segment parameter is required but was not present in the request when parameter ' +
        'TotalSegments is present',
    );
  }
  if (segment >= total) {
    throw validationError(
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: ' +
        `Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
  return { segment, total };
}
