/** GET /health: whether this region can do its work, which is to read the table. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type HttpResult, json, region } from './http.ts';
import { table, tableName } from './orders.ts';

/** 200 where the table answers (with or without the item), 503 with the reason otherwise. */
export async function health(): Promise<HttpResult> {
  try {
    await table.send(new GetCommand({ TableName: tableName, Key: { id: 'health' } }));
    return json(200, { status: 'ok', region });
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return json(503, { status: 'unhealthy', region, reason });
  }
}
