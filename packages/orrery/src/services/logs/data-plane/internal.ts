/**
 * The internal address `logs-internal` (api.ts): appending by services, following by people.
 *
 * N1  What is appended is not waited for on disk: a lost line must not slow a function down.
 */
import { jsonHandler } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import type { Handler } from '../../../io/io.ts';
import type { AppendRequest, TailRequest, TailResponse } from '../api.ts';
import type { LogsPlane } from '../names.ts';

const tailMax = 10_000;

export function logsInternal(plane: LogsPlane): Handler {
  return jsonHandler({
    '/append': (body) => {
      const { batches } = body as Partial<AppendRequest>;
      if (!Array.isArray(batches)) {
        throw new ServiceError('InvalidParameterException', 'batches must be a list');
      }
      plane.logs.append(batches);
    },
    '/tail': (body) => tail(plane, body as Partial<TailRequest>),
  });
}

function tail(plane: LogsPlane, request: Partial<TailRequest>): TailResponse {
  const { groups } = plane.logs;
  const one = request.group === undefined ? undefined : groups.get(request.group);
  const wanted = request.group === undefined ? [...groups.values()] : one ? [one] : [];
  const limit = Math.min(Math.max(request.limit ?? 100, 1), tailMax);
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
