/** Unmodified SDK clients against the service behind the endpoint, on the store that it runs on. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  ConditionalCheckFailedException,
  type CreateTableInput,
  paginateQuery,
  ResourceNotFoundException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  DynamoDBStreams,
  ResourceNotFoundException as StreamNotFound,
} from '@aws-sdk/client-dynamodb-streams';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import { indexedTable } from './dynamodb.fake.ts';
import { type Running, region, run, stop } from './sdk-server.fake.ts';

let directory: string;
let running: Running;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orrery-dynamodb-'));
  running = await run(directory);
});
after(async () => {
  await stop(running);
  await rm(directory, { recursive: true });
});

test('the clients do their usual work, and find it after a restart', async () => {
  const { client } = running;
  const TableName = 'orders';
  await client.createTable({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'customer', AttributeType: 'S' },
      { AttributeName: 'number', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'customer', KeyType: 'HASH' },
      { AttributeName: 'number', KeyType: 'RANGE' },
    ],
  });
  const { state } = await waitUntilTableExists(
    { client, maxWaitTime: 30, minDelay: 1 },
    { TableName },
  );
  assert.equal(state, 'SUCCESS');
  const { Table } = await client.describeTable({ TableName });
  assert.ok(Table?.CreationDateTime instanceof Date);

  const documents = DynamoDBDocument.from(client);
  const order = {
    customer: 'ada',
    number: 1,
    paid: false,
    bytes: new Uint8Array([1, 2, 3]),
    tags: new Set(['a', 'b']),
    entries: [{ article: 'engine', price: 36.5 }],
    nothing: null,
  };
  await documents.put({ TableName, Item: order });
  const Key = { customer: 'ada', number: 1 };
  assert.deepEqual((await documents.get({ TableName, Key })).Item, order);
  const { Attributes } = await documents.update({
    TableName,
    Key,
    UpdateExpression:
      'SET entries[0].price = entries[0].price + :one, paid = :yes DELETE tags :tag',
    ConditionExpression: 'paid = :no',
    ExpressionAttributeValues: { ':one': 1, ':yes': true, ':no': false, ':tag': new Set(['a']) },
    ReturnValues: 'UPDATED_NEW',
  });
  assert.deepEqual(Attributes, {
    entries: [{ price: 37.5 }],
    paid: true,
    tags: new Set(['b']),
  });
  await assert.rejects(
    client.putItem({
      TableName,
      Item: { customer: { S: 'ada' }, number: { N: '1' } },
      ConditionExpression: 'attribute_not_exists(customer)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
    (error: ConditionalCheckFailedException) => {
      assert.ok(error instanceof ConditionalCheckFailedException);
      assert.deepEqual(error.Item?.['paid'], { BOOL: true });
      return true;
    },
  );
  await assert.rejects(client.getItem({ TableName: 'none', Key: {} }), ResourceNotFoundException);
  await assert.rejects(client.query({ TableName, KeyConditionExpression: 'INVALID SYNTAX' }), {
    name: 'ValidationException',
    message: /^Invalid KeyConditionExpression: Syntax error; /,
  });

  const numbers = Array.from({ length: 24 }, (_, i) => i + 2);
  await documents.batchWrite({
    RequestItems: {
      [TableName]: numbers.map((number) => ({ PutRequest: { Item: { customer: 'ada', number } } })),
    },
  });
  const seen: number[] = [];
  const query = {
    TableName,
    KeyConditionExpression: 'customer = :c',
    ExpressionAttributeValues: { ':c': { S: 'ada' } },
    ProjectionExpression: '#n',
    ExpressionAttributeNames: { '#n': 'number' },
  };
  for await (const page of paginateQuery({ client, pageSize: 10 }, query)) {
    seen.push(...(page.Items ?? []).map((item) => Number(item['number']?.N)));
  }
  assert.deepEqual(seen, [1, ...numbers]);

  await stop(running);
  running = await run(directory);
  const { Count } = await running.client.scan({ TableName, Select: 'COUNT' });
  assert.equal(Count, 25);
  await running.client.deleteTable({ TableName });
  assert.deepEqual((await running.client.listTables({})).TableNames, []);
});

test('indexes and reverse order work on the real store', async () => {
  const { client } = running;
  await client.createTable(indexedTable as CreateTableInput);
  const documents = DynamoDBDocument.from(client);
  const weights = [5, -3, 12, 0, 7, 100];
  for (const weight of weights) {
    const Item = { pk: 'p', sk: `s${weight}`, weight, colour: 'red', note: 'n', other: 'o' };
    await documents.put({ TableName: 'indexed', Item });
  }
  const query = async (IndexName: string, ScanIndexForward: boolean): Promise<unknown[]> => {
    const byColour = IndexName === 'byColour';
    const { Items } = await documents.query({
      TableName: 'indexed',
      IndexName,
      ScanIndexForward,
      KeyConditionExpression: `${byColour ? 'colour' : 'pk'} = :k and weight > :w`,
      ExpressionAttributeValues: { ':k': byColour ? 'red' : 'p', ':w': 0 },
    });
    return (Items ?? []).map((item) => item['weight']);
  };
  for (const index of ['byColour', 'byWeight']) {
    assert.deepEqual(await query(index, true), [5, 7, 12, 100]);
    assert.deepEqual(await query(index, false), [100, 12, 7, 5]);
  }
  const reversed = await documents.query({
    TableName: 'indexed',
    ScanIndexForward: false,
    KeyConditionExpression: 'pk = :p and begins_with(sk, :s)',
    ExpressionAttributeValues: { ':p': 'p', ':s': 's1' },
  });
  assert.deepEqual(
    (reversed.Items ?? []).map(({ sk }) => sk),
    ['s12', 's100'],
  );
});

test('the streams client reads what was written', async () => {
  const { client, server } = running;
  const TableName = 'streamed';
  await client.createTable({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'B' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  const id = new Uint8Array([0, 255]);
  await client.putItem({ TableName, Item: { id: { B: id }, text: { S: 'ä"\\n' } } });
  await client.deleteItem({ TableName, Key: { id: { B: id } } });
  const streams = new DynamoDBStreams({
    endpoint: server.url,
    region,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  const { Streams } = await streams.listStreams({ TableName });
  const StreamArn = Streams?.[0]?.StreamArn ?? '';
  const { StreamDescription } = await streams.describeStream({ StreamArn });
  assert.ok(StreamDescription?.CreationRequestDateTime instanceof Date);
  assert.equal(StreamDescription.StreamStatus, 'ENABLED');
  const ShardId = StreamDescription.Shards?.[0]?.ShardId;
  const { ShardIterator } = await streams.getShardIterator({
    StreamArn,
    ShardId,
    ShardIteratorType: 'TRIM_HORIZON',
  });
  const { Records, NextShardIterator } = await streams.getRecords({ ShardIterator });
  assert.deepEqual(
    Records?.map(({ eventName, dynamodb }) => [eventName, dynamodb?.Keys, dynamodb?.NewImage]),
    [
      ['INSERT', { id: { B: id } }, { id: { B: id }, text: { S: 'ä"\\n' } }],
      ['REMOVE', { id: { B: id } }, undefined],
    ],
  );
  assert.ok(Records?.[0]?.dynamodb?.ApproximateCreationDateTime instanceof Date);
  assert.equal(typeof NextShardIterator, 'string');
  await assert.rejects(streams.describeStream({ StreamArn: `${StreamArn}0` }), StreamNotFound);
  streams.destroy();
});

test('bodies that no client sends are refused, not crashed into', async () => {
  const post = async (operation: string, body: string): Promise<[number, string]> => {
    const response = await fetch(running.server.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        authorization: `AWS4-HMAC-SHA256 Credential=A/20261124/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body,
    });
    return [response.status, await response.text()];
  };
  const deep = `{"TableName":"orders","Item":{"a":${'{"L":['.repeat(5000)}${']}'.repeat(5000)}}}`;
  const cases: [string, string, RegExp][] = [
    ['PutItem', '{', /SerializationException/],
    ['PutItem', '{"TableName":"orders","Item":{"a":{"S":5}}}', /SerializationException/],
    ['PutItem', '{"TableName":"orders","Item":{"a":{}}}', /Supplied AttributeValue is empty/],
    ['PutItem', deep, /Exception/],
    ['PutItem', '{"TableName":"orders","Item":{"a":{"S":"a","N":"1"}}}', /more than one datatypes/],
    ['GetItem', '{"TableName":["orders"]}', /SerializationException/],
    ['GetItem', '{}', /Value null at 'tableName' failed/],
  ];
  for (const [operation, body, expected] of cases) {
    const [status, text] = await post(operation, body);
    assert.equal(status, 400, `${operation} ${body.slice(0, 80)} ${text}`);
    assert.match(text, expected);
  }
  const [status, text] = await post('ExportTableToPointInTime', '{}');
  assert.equal(status, 501);
  assert.match(text, /ExportTableToPointInTime/);
});
