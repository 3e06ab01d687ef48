/**
 * Owns: what the data plane answers by itself, in AWS's words and spelling.
 */
import type { HttpResponse } from '../../../io/io.ts';

export type Answer = (requestId: string) => HttpResponse;

function answer(status: number, message: string): Answer {
  const body = Buffer.from(JSON.stringify({ message }));
  return (requestId) => ({
    status,
    headers: { 'content-type': 'application/json', 'apigw-requestid': requestId },
    body,
  });
}

/** No API, or no domain name, of that host. */
export const forbidden = answer(403, 'Forbidden');
/** No stage, mapping or route. */
export const notFound = answer(404, 'Not Found');
export const bodyTooLarge = answer(413, 'Request Entity Too Large');
export const headersTooLarge = answer(431, 'Request Header Fields Too Large');
/** The function failed or answered what is no answer, or may not be invoked. */
export const internalError = answer(500, 'Internal Server Error');
/** The function is throttled or did not answer in time, or Lambda is out of reach. */
export const unavailable = answer(503, 'Service Unavailable');
