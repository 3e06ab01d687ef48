/**
 * The internal address `logs-internal` (api.ts): appending by services, following by people.
 *
 * N1  What is appended is not waited for on disk: a lost line must not slow a function down.
 */
import type { Handler, HttpResponse } from '../../../io/io.ts';
import type { AppendRequest, TailRequest, TailResponse } from '../api.ts';
import type { LogsPlane } from '../names.ts';

const tailMax = 10_000;

export function logsInternal(plane: LogsPlane): Handler {
  return (request) => {
    if (request.method !== 'POST') return json(405, { message: 'POST only' });
    const body = parse(request.body);
    if (body === undefined) return json(400, { message: 'the body is no JSON object' });
    if (request.path === '/append') {
      plane.logs.append((body as unknown as AppendRequest).batches ?? []);
      return json(200, {});
    }
    if (request.path === '/tail') return json(200, tail(plane, body as unknown as TailRequest));
    return json(404, { message: `no such path: ${request.path}` });
  };
}

function tail(plane: LogsPlane, request: TailRequest): TailResponse {
  const { groups } = plane.logs;
  const one = request.group === undefined ? undefined : groups.get(request.group);
  const wanted = request.group === undefined ? [...groups.values()] : one ? [one] : [];
  const limit = Math.min(Math.max(request.limit, 1), tailMax);
  const found = plane.logs.tail(wanted, request.after ?? 0, request.sinceMs ?? 0, limit);
  return {
    events: found.events.map(({ group, stream, timestampMs, message }) => ({
      group,
      stream,
      timestampMs,
      message,
    })),
    cursor: found.cursor,
  };
}

function parse(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
