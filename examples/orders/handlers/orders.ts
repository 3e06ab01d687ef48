/** An order, and the table that holds it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly item: string;
  readonly quantity: number;
  readonly status: 'accepted';
  /** The region that took the order. */
  readonly region: string;
  /** ISO 8601, by the clock of that region. */
  readonly takenAt: string;
}

export const tableName = process.env['TABLE_NAME'] ?? 'orders';

/** Made once per execution environment; always the region's own replica. */
export const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
