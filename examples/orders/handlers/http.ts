/** The part of API Gateway's payload format 2.0 that this app uses. */

export interface HttpEvent {
  /** `POST /orders`: the route that matched, as it was declared. */
  readonly routeKey: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The region that this function runs in; Lambda sets it. */
export const region = process.env['AWS_REGION'] ?? 'unknown';

/** An answer that says which region gave it. */
export function json(statusCode: number, value: unknown): HttpResult {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'x-orders-region': region },
    body: `${JSON.stringify(value)}\n`,
  };
}

/** The request's body as text, or undefined where there is none. */
export function bodyText(event: HttpEvent): string | undefined {
  if (event.body === undefined) return undefined;
  return event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString('utf8') : event.body;
}
