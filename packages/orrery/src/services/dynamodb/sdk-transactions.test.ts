/** Transactions through unmodified SDK clients. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type CreateTableInput,
  IdempotentParameterMismatchException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import { hashTable } from './dynamodb.fake.ts';
import { type Running, run, stop } from './sdk-server.fake.ts';

let directory: string;
let running: Running;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orrery-transactions-'));
  running = await run(directory);
  await running.client.createTable(hashTable as CreateTableInput);
});
after(async () => {
  await stop(running);
  await rm(directory, { recursive: true });
});

const TableName = 'hash';

test('the SDK writes, reads and is refused transactions', async () => {
  const documents = DynamoDBDocument.from(running.client);
  await documents.transactWrite({
    TransactItems: [
      { Put: { TableName, Item: { pk: 'from', balance: 10 } } },
      { Put: { TableName, Item: { pk: 'to', balance: 0 } } },
    ],
  });
  const move = (amount: number) => ({
    TransactItems: [
      {
        Update: {
          TableName,
          Key: { pk: 'from' },
          UpdateExpression: 'SET balance = balance - :a',
          ConditionExpression: 'balance >= :a',
          ExpressionAttributeValues: { ':a': amount },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
        },
      },
      {
        Update: {
          TableName,
          Key: { pk: 'to' },
          UpdateExpression: 'SET balance = balance + :a',
          ExpressionAttributeValues: { ':a': amount },
        },
      },
    ],
  });
  await documents.transactWrite(move(7));
  await assert.rejects(documents.transactWrite(move(7)), (error) => {
    assert.ok(error instanceof TransactionCanceledException);
    assert.deepEqual(
      error.CancellationReasons?.map(({ Code }) => Code),
      ['ConditionalCheckFailed', 'None'],
    );
    assert.deepEqual(error.CancellationReasons?.[0]?.Item?.['balance'], { N: '3' });
    return true;
  });
  const { Responses } = await documents.transactGet({
    TransactItems: ['from', 'to', 'none'].map((pk) => ({ Get: { TableName, Key: { pk } } })),
  });
  assert.deepEqual(
    Responses?.map(({ Item }) => Item?.['balance']),
    [3, 7, undefined],
  );
});

test('a client token is known after a restart', async () => {
  const add = (by: string) => ({
    ClientRequestToken: 'once',
    TransactItems: [
      {
        Update: {
          TableName,
          Key: { pk: { S: 'counter' } },
          UpdateExpression: 'ADD n :by',
          ExpressionAttributeValues: { ':by': { N: by } },
        },
      },
    ],
  });
  await running.client.transactWriteItems(add('1'));
  await stop(running);
  running = await run(directory);
  await running.client.transactWriteItems(add('1'));
  await assert.rejects(
    running.client.transactWriteItems(add('2')),
    IdempotentParameterMismatchException,
  );
  const { Item } = await running.client.getItem({ TableName, Key: { pk: { S: 'counter' } } });
  assert.deepEqual(Item?.['n'], { N: '1' });
});
