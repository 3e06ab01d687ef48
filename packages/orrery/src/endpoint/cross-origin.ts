/**
 * Owns: what browsers need to call DynamoDB from pages of another origin, as AWS lets them: the answer
 * to the question that they ask before, and the headers of the answer itself.
 * Refuses to own: CORS of users' APIs, which they configure.
 */
import type { HttpRequest, HttpResponse } from '../io/io.ts';
import { noBytes } from '../stdx/bytes.ts';

/** Asked without a signature: that the caller means to send X-Amz-Target tells AWS's API. */
export function preflightAnswer({ method, headers }: HttpRequest): HttpResponse | undefined {
  if (method !== 'OPTIONS' || headers['origin'] === undefined) return undefined;
  const asked = headers['access-control-request-headers'] ?? '';
  if (!/\bx-amz-target\b/i.test(asked)) return undefined;
  return {
    status: 200,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': asked,
      'access-control-allow-methods': headers['access-control-request-method'] ?? 'POST',
      'access-control-max-age': '172800',
    },
    body: noBytes,
  };
}

export const crossOriginHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date',
};
