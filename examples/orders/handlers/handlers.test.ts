import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { parseDraft } from './create-order.ts';
import type { HttpEvent } from './http.ts';
import { handler } from './index.ts';
import { table } from './orders.ts';

type Items = Map<string, Record<string, unknown>>;

/** Stands in for the table: the three commands that the handlers send. */
function stubTable(items: Items = new Map()): Items {
  mock.method(table, 'send', async (command: unknown) => {
    if (command instanceof PutCommand) {
      const item = command.input.Item as Record<string, unknown>;
      const id = String(item['id']);
      assert.equal(command.input.ConditionExpression, 'attribute_not_exists(id)');
      if (items.has(id)) {
        throw Object.assign(new Error('exists'), { name: 'ConditionalCheckFailedException' });
      }
      items.set(id, item);
      return {};
    }
    if (command instanceof GetCommand)
      return { Item: items.get(String(command.input.Key?.['id'])) };
    assert(command instanceof ScanCommand);
    return { Items: [...items.values()] };
  });
  return items;
}

function event(routeKey: string, rest: Partial<HttpEvent> = {}): HttpEvent {
  return { routeKey, isBase64Encoded: false, ...rest };
}

const draft = { customer: 'ada', item: 'astrolabe', quantity: 2 };

describe('orders', () => {
  afterEach(() => mock.restoreAll());

  it('takes an order and finds it again', async () => {
    stubTable();
    const created = await handler(event('POST /orders', { body: JSON.stringify(draft) }));
    assert.equal(created.statusCode, 201);
    const order = JSON.parse(created.body);
    assert.equal(order.status, 'accepted');
    const found = await handler(event('GET /orders/{id}', { pathParameters: { id: order.id } }));
    assert.deepEqual(JSON.parse(found.body), order);
  });

  it('takes an order with the same id once, and refuses another under it', async () => {
    const items = stubTable();
    const body = JSON.stringify({ ...draft, id: 'order-1' });
    const first = await handler(event('POST /orders', { body }));
    const second = await handler(event('POST /orders', { body }));
    assert.deepEqual([first.statusCode, second.statusCode, items.size], [201, 200, 1]);
    assert.equal(second.body, first.body);
    const other = JSON.stringify({ ...draft, id: 'order-1', quantity: 3 });
    assert.equal((await handler(event('POST /orders', { body: other }))).statusCode, 409);
  });

  it('lists the newest first', async () => {
    stubTable(
      new Map([
        ['a', { id: 'a', takenAt: '2026-01-01T00:00:00.000Z' }],
        ['b', { id: 'b', takenAt: '2026-01-02T00:00:00.000Z' }],
      ]),
    );
    const listed = await handler(event('GET /orders'));
    const ids = JSON.parse(listed.body).orders.map((order: { id: string }) => order.id);
    assert.deepEqual(ids, ['b', 'a']);
  });

  it('answers 404 for what it does not have', async () => {
    stubTable();
    const missing = event('GET /orders/{id}', { pathParameters: { id: 'x' } });
    assert.equal((await handler(missing)).statusCode, 404);
    assert.equal((await handler(event('DELETE /orders'))).statusCode, 404);
  });

  it('is unhealthy where the table does not answer, and says why', async () => {
    stubTable();
    assert.equal((await handler(event('GET /health'))).statusCode, 200);
    mock.restoreAll();
    mock.method(table, 'send', async () => {
      throw Object.assign(new Error('gone'), { name: 'TimeoutError' });
    });
    const sick = await handler(event('GET /health'));
    assert.equal(sick.statusCode, 503);
    assert.match(sick.body, /TimeoutError: gone/);
  });

  it('reads base64 bodies and says what is wrong with a draft', async () => {
    stubTable();
    const body = Buffer.from(JSON.stringify(draft)).toString('base64');
    const created = await handler(event('POST /orders', { body, isBase64Encoded: true }));
    assert.equal(created.statusCode, 201);
    for (const [text, problem] of [
      [undefined, /must be JSON/],
      ['[', /must be JSON/],
      ['null', /JSON object/],
      ['{"item":"x"}', /customer/],
      ['{"customer":"x"}', /item/],
      ['{"customer":"x","item":"y","quantity":0}', /quantity/],
      ['{"customer":"x","item":"y","id":7}', /id/],
    ] as const) {
      assert.match(String(parseDraft(text)), problem);
    }
  });
});
