/** Unmodified clients against a real cloud: AWS SDK v3, and boto3 where Python has it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ResourceNotFoundException,
  UpdateItemCommand,
  UpdateTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { eventually } from './eventually.ts';

const regions = ['us-east-1', 'eu-central-1'] as const;
let cloud: CloudProcess;

before(async () => {
  cloud = await startCloud({ args: ['--regions', regions.join(','), '--latency', '0.1'] });
});

after(async () => {
  await cloud?.[Symbol.asyncDispose]();
});

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

function client(region: string, endpoint = cloud.status.endpoint): DynamoDBClient {
  return new DynamoDBClient({ region, endpoint, credentials, maxAttempts: 1 });
}

const key = { customer: { S: 'ada' }, order: { N: '7' } };

describe('AWS SDK v3', () => {
  it('creates a table and its replica, as AWS answers', async () => {
    const home = client('us-east-1');
    const { TableDescription } = await home.send(
      new CreateTableCommand({
        TableName: 'orders',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'customer', AttributeType: 'S' },
          { AttributeName: 'order', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'customer', KeyType: 'HASH' },
          { AttributeName: 'order', KeyType: 'RANGE' },
        ],
      }),
    );
    assert.equal(TableDescription?.TableStatus, 'CREATING');
    assert.equal(
      TableDescription?.TableArn,
      'arn:aws:dynamodb:us-east-1:000000000000:table/orders',
    );
    await waitUntilTableExists({ client: home, maxWaitTime: 30 }, { TableName: 'orders' });
    await home.send(
      new UpdateTableCommand({
        TableName: 'orders',
        ReplicaUpdates: [{ Create: { RegionName: 'eu-central-1' } }],
      }),
    );
    await eventually(async () => {
      const { Table } = await home.send(new DescribeTableCommand({ TableName: 'orders' }));
      assert.deepEqual(
        Table?.Replicas?.map((one) => [one.RegionName, one.ReplicaStatus]),
        [['eu-central-1', 'ACTIVE']],
      );
      assert.equal(Table?.GlobalTableVersion, '2019.11.21');
    });
    for (const region of regions) {
      const { TableNames } = await client(region).send(new ListTablesCommand({}));
      assert.deepEqual(TableNames, ['orders'], region);
    }
  });

  it('puts, gets, updates, queries and deletes', async () => {
    const home = client('us-east-1');
    const Item = { ...key, total: { N: '12.50' }, tags: { SS: ['new', 'gift'] } };
    await home.send(new PutItemCommand({ TableName: 'orders', Item }));
    const { Item: got } = await home.send(new GetItemCommand({ TableName: 'orders', Key: key }));
    assert.deepEqual(got?.['total'], { N: '12.5' });
    const { Attributes } = await home.send(
      new UpdateItemCommand({
        TableName: 'orders',
        Key: key,
        UpdateExpression: 'SET #t = #t + :more, paid = :yes DELETE tags :gift',
        ConditionExpression: 'attribute_not_exists(paid)',
        ExpressionAttributeNames: { '#t': 'total' },
        ExpressionAttributeValues: {
          ':more': { N: '0.5' },
          ':yes': { BOOL: true },
          ':gift': { SS: ['gift'] },
        },
        ReturnValues: 'ALL_NEW',
      }),
    );
    assert.deepEqual(Attributes, {
      ...key,
      total: { N: '13' },
      paid: { BOOL: true },
      tags: { SS: ['new'] },
    });
    const { Items, Count } = await home.send(
      new QueryCommand({
        TableName: 'orders',
        KeyConditionExpression: 'customer = :c AND #o BETWEEN :a AND :b',
        FilterExpression: 'paid = :yes',
        ExpressionAttributeNames: { '#o': 'order' },
        ExpressionAttributeValues: {
          ':c': { S: 'ada' },
          ':a': { N: '-1' },
          ':b': { N: '7.0' },
          ':yes': { BOOL: true },
        },
      }),
    );
    assert.equal(Count, 1);
    assert.deepEqual(Items?.[0], Attributes);
    await assert.rejects(
      home.send(
        new DeleteItemCommand({
          TableName: 'orders',
          Key: key,
          ConditionExpression: 'paid = :no',
          ExpressionAttributeValues: { ':no': { BOOL: false } },
        }),
      ),
      { name: 'ConditionalCheckFailedException', message: 'The conditional request failed' },
    );
  });

  it("reads the item from the other region's own copy, and from that region's own address", async () => {
    const there = cloud.status.regions.find((region) => region.id === 'eu-central-1');
    for (const endpoint of [cloud.status.endpoint, there?.endpoint ?? '']) {
      await eventually(async () => {
        const { Item } = await client('eu-central-1', endpoint).send(
          new GetItemCommand({ TableName: 'orders', Key: key }),
        );
        assert.deepEqual(Item?.['total'], { N: '13' });
      });
    }
    const stores = regions.map((region) => join(cloud.dataDir, region, 'dynamodb'));
    for (const store of stores) assert.ok(existsSync(store), `${store} is a store of its own`);
    assert.notDeepEqual(readdirSync(stores[0] ?? ''), []);
  });

  it('deletes an item everywhere', async () => {
    await client('eu-central-1').send(new DeleteItemCommand({ TableName: 'orders', Key: key }));
    await eventually(async () => {
      const { Item } = await client('us-east-1').send(
        new GetItemCommand({ TableName: 'orders', Key: key }),
      );
      assert.equal(Item, undefined);
    });
  });

  it('gets the errors that AWS gives', async () => {
    await assert.rejects(
      client('us-east-1').send(new GetItemCommand({ TableName: 'nothing', Key: key })),
      (error) => {
        assert.ok(error instanceof ResourceNotFoundException);
        assert.equal(error.message, 'Requested resource not found');
        assert.match(error.$metadata.requestId ?? '', /^[A-Z0-9]{52}$|^[0-9a-f-]{36}$/);
        return true;
      },
    );
    await assert.rejects(
      client('us-east-1').send(
        new PutItemCommand({ TableName: 'orders', Item: { customer: { S: 'x' } } }),
      ),
      { name: 'ValidationException', message: /Missing the key order in the item/ },
    );
    await assert.rejects(client('sa-east-1').send(new ListTablesCommand({})), /sa-east-1/);
  });

  it('is told by name what is not built', async () => {
    const { DescribeExportCommand } = await import('@aws-sdk/client-dynamodb');
    await assert.rejects(
      client('us-east-1').send(new DescribeExportCommand({ ExportArn: 'arn:aws:dynamodb:x' })),
      (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
        assert.equal(error.$metadata?.httpStatusCode, 501);
        assert.match(error.message, /DescribeExport/);
        return true;
      },
    );
  });

  it('deletes the table', async () => {
    const alone = client('eu-central-1');
    const { TableNames } = await alone.send(new ListTablesCommand({}));
    assert.deepEqual(TableNames, ['orders']);
    const home = client('us-east-1');
    await home.send(
      new UpdateTableCommand({
        TableName: 'orders',
        ReplicaUpdates: [{ Delete: { RegionName: 'eu-central-1' } }],
      }),
    );
    await eventually(async () => {
      assert.deepEqual((await alone.send(new ListTablesCommand({}))).TableNames, []);
    });
    await home.send(new DeleteTableCommand({ TableName: 'orders' }));
    await eventually(async () => {
      assert.deepEqual((await home.send(new ListTablesCommand({}))).TableNames, []);
    });
  });
});

describe('boto3', () => {
  const script = `
import boto3, sys
from boto3.dynamodb.conditions import Attr, Key
from decimal import Decimal
db = boto3.resource('dynamodb', region_name='eu-central-1', endpoint_url=sys.argv[1],
                    aws_access_key_id='test', aws_secret_access_key='test')
table = db.create_table(TableName='notes', BillingMode='PAY_PER_REQUEST',
    AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}],
    KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}])
table.wait_until_exists()
table.put_item(Item={'id': 'a', 'n': Decimal('1.5'), 'b': b'\\x00\\xff', 'l': [1, {'x': None}]})
got = table.get_item(Key={'id': 'a'})['Item']
assert got['n'] == Decimal('1.5') and got['b'].value == b'\\x00\\xff' and got['l'][1]['x'] is None, got
new = table.update_item(Key={'id': 'a'}, UpdateExpression='ADD n :n', ConditionExpression=Attr('n').gt(1),
    ExpressionAttributeValues={':n': 2}, ReturnValues='UPDATED_NEW')['Attributes']
assert new == {'n': Decimal('3.5')}, new
assert table.query(KeyConditionExpression=Key('id').eq('a'))['Count'] == 1
try:
    table.delete_item(Key={'id': 'a'}, ConditionExpression=Attr('n').lt(1))
    raise AssertionError('the condition held')
except db.meta.client.exceptions.ConditionalCheckFailedException:
    pass
table.delete_item(Key={'id': 'a'})
assert 'Item' not in table.get_item(Key={'id': 'a'})
table.delete()
print('done')
`;
  const python = spawnSync('python3', ['-c', 'import boto3; print(boto3.__version__)']);
  const skip = python.status === 0 ? false : 'python3 with boto3 is not on this machine';

  it('creates, puts, gets, updates, queries, deletes', { skip }, () => {
    const run = spawnSync('python3', ['-c', script, cloud.status.endpoint], { encoding: 'utf8' });
    assert.equal(run.stderr, '');
    assert.equal(run.stdout.trim(), 'done');
  });
});
