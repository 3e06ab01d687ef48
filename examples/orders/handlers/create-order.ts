/** POST /orders: takes an order, once per id. */
import { randomUUID } from 'node:crypto';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { bodyText, type HttpEvent, type HttpResult, json, region } from './http.ts';
import { type Order, table, tableName } from './orders.ts';

/** What the client sends; `id` is its own, for safe retries. */
type Draft = Pick<Order, 'customer' | 'item' | 'quantity'> & { readonly id?: string };

/**
 * 201 with the order; 200 with the order as it was taken where a retry brings the same id again
 * (409 where another order has it); 400 with what is wrong.
 *
 * The condition holds within a region. The same id posted in two regions within the replication
 * lag is accepted by both, and the later write wins: a client that retries elsewhere repeats the
 * same order, so either will do.
 */
export async function createOrder(event: HttpEvent): Promise<HttpResult> {
  const draft = parseDraft(bodyText(event));
  if (typeof draft === 'string') return json(400, { message: draft });

  const order: Order = {
    id: draft.id ?? randomUUID(),
    customer: draft.customer,
    item: draft.item,
    quantity: draft.quantity,
    status: 'accepted',
    region,
    takenAt: new Date().toISOString(),
  };
  try {
    await table.send(
      new PutCommand({
        TableName: tableName,
        Item: order,
        ConditionExpression: 'attribute_not_exists(id)',
      }),
    );
    return json(201, order);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
    return await answerRepeated(order);
  }
}

async function answerRepeated(order: Order): Promise<HttpResult> {
  const { Item: taken } = await table.send(
    new GetCommand({ TableName: tableName, Key: { id: order.id }, ConsistentRead: true }),
  );
  const same =
    taken?.['customer'] === order.customer &&
    taken['item'] === order.item &&
    taken['quantity'] === order.quantity;
  return same ? json(200, taken) : json(409, { message: `another order has the id ${order.id}` });
}

/** The draft, or a sentence that says what is wrong with it. */
export function parseDraft(text: string | undefined): Draft | string {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return 'the body must be JSON';
  }
  if (typeof value !== 'object' || value === null) return 'the body must be a JSON object';
  const { id, customer, item, quantity = 1 } = value as Record<string, unknown>;
  if (id !== undefined && !isWord(id)) return 'id must be text of 1 to 64 characters';
  if (!isWord(customer)) return 'customer must be text of 1 to 64 characters';
  if (!isWord(item)) return 'item must be text of 1 to 64 characters';
  if (!(typeof quantity === 'number' && Number.isInteger(quantity) && quantity > 0)) {
    return 'quantity must be a whole number above 0';
  }
  return { customer, item, quantity, ...(id === undefined ? {} : { id }) };
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 64;
}
