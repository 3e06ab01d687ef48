/**
 * The internal address `logs-internal` (api.ts): appending by services, following by people.
 *
 * N1  What is appended is not waited for on disk: a lost line must not slow a function down.
 */
import { jsonHandler } from '../../../endpoint/internal-json.ts';
import type { Handler, HttpResponse } from '../../../io/io.ts';
import { utf8Decode, utf8Encode } from '../../../stdx/bytes.ts';
import type { BatchHead, TailRequest, TailResponse } from '../api.ts';
import type { LogBatch } from '../log-store.ts';
import type { LogsPlane } from '../names.ts';

const tailMax = 10_000;

export function logsInternal(plane: LogsPlane): Handler {
  const json = jsonHandler({ '/tail': (body) => tail(plane, body as Partial<TailRequest>) });
  return (request, from) => {
    if (request.path !== '/append') return json(request, from);
    plane.logs.append(batchesOf(request.body));
    return done;
  };
}

const done: HttpResponse = { status: 200, headers: {}, body: utf8Encode('{}') };

/** The batches of an append: its body comes from a service of this region, and is as it should be. */
function batchesOf(body: Uint8Array): readonly LogBatch[] {
  const lines = utf8Decode(body).split('\n');
  const batches: LogBatch[] = [];
  for (let at = 0; at + 1 < lines.length; at += 2) {
    batches.push({ head: JSON.parse(lines[at] ?? '') as BatchHead, events: lines[at + 1] ?? '' });
  }
  return batches;
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
