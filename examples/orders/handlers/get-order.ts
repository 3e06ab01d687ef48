/** GET /orders/{id}: one order, from this region's copy of the table. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type HttpEvent, type HttpResult, json } from './http.ts';
import { table, tableName } from './orders.ts';

/** 200 with the order, 404 where this region does not have it (yet). */
export async function getOrder(event: HttpEvent): Promise<HttpResult> {
  const id = event.pathParameters?.['id'] ?? '';
  const { Item: order } = await table.send(new GetCommand({ TableName: tableName, Key: { id } }));
  return order === undefined ? json(404, { message: `no order ${id} here` }) : json(200, order);
}
