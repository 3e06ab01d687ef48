/** GET /orders[?customer=…]: a page of orders, newest first. */
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { type HttpEvent, type HttpResult, json } from './http.ts';
import { type Order, table, tableName } from './orders.ts';

const pageSize = 100;

/**
 * 200 with at most a hundred orders that one Scan meets, filtered by customer where asked. A Scan
 * reads (and on AWS costs) the page whatever the filter keeps: enough for looking around in an
 * example; an index by customer is what a shop with traffic would use.
 */
export async function listOrders(event: HttpEvent): Promise<HttpResult> {
  const customer = event.queryStringParameters?.['customer'];
  const { Items: items = [] } = await table.send(
    new ScanCommand({
      TableName: tableName,
      Limit: pageSize,
      ...(customer === undefined
        ? {}
        : {
            FilterExpression: 'customer = :customer',
            ExpressionAttributeValues: { ':customer': customer },
          }),
    }),
  );
  const orders = (items as Order[]).sort((a, b) => (a.takenAt < b.takenAt ? 1 : -1));
  return json(200, { orders });
}
