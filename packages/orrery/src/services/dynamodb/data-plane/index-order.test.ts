/** Items with the same key in a local index come in the order of the table's sort key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { testedService } from '../dynamodb.fake.ts';

const TableName = 'ordered';
const key = (sort: string) => [
  { AttributeName: 'pk', KeyType: 'HASH' },
  { AttributeName: sort, KeyType: 'RANGE' },
];
const table = {
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'rank', AttributeType: 'N' },
  ],
  KeySchema: key('sk'),
  LocalSecondaryIndexes: [
    {
      IndexName: 'byRank',
      KeySchema: key('rank'),
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
};

interface Item {
  readonly pk: { readonly S: string };
  readonly sk: { readonly S: string };
  readonly rank: { readonly N: string };
}

test('ties in a local index are ordered by the sort key, page by page, both ways', async () => {
  // Some so long that two of them with another index key of that length would be too long for a key.
  const sorts = fc.oneof(
    fc.string({ minLength: 1, maxLength: 4 }),
    fc.constantFrom('x'.repeat(1_024), `${'x'.repeat(400)}a`, `${'x'.repeat(400)}b`),
  );
  const entry = fc.record({ sk: sorts, rank: fc.constantFrom('1', '2', '-3') });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(entry, { maxLength: 12, selector: ({ sk }) => sk }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (entries, Limit, ScanIndexForward) => {
        const { call } = await testedService();
        await call('CreateTable', table);
        for (const { sk, rank } of entries) {
          await call('PutItem', {
            TableName,
            Item: { pk: { S: 'p' }, sk: { S: sk }, rank: { N: rank } },
          });
        }
        const found: Item[] = [];
        let ExclusiveStartKey: unknown;
        do {
          const page = await call('Query', {
            TableName,
            IndexName: 'byRank',
            KeyConditionExpression: 'pk = :p',
            ExpressionAttributeValues: { ':p': { S: 'p' } },
            ScanIndexForward,
            Limit,
            ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
          });
          found.push(...(page['Items'] as Item[]));
          ExclusiveStartKey = page['LastEvaluatedKey'];
        } while (ExclusiveStartKey !== undefined);
        const wanted = entries
          .toSorted(
            (a, b) =>
              Number(a.rank) - Number(b.rank) ||
              Buffer.compare(Buffer.from(a.sk), Buffer.from(b.sk)),
          )
          .map(({ sk }) => sk);
        if (!ScanIndexForward) wanted.reverse();
        assert.deepEqual(
          found.map(({ sk }) => sk.S),
          wanted,
        );
      },
    ),
    { numRuns: 120 },
  );
});
