/**
 * The internal address `dynamodb-replica`: what `api.ts` documents, route by route.
 * Refuses to own: what the routes do (the other files of this folder).
 */

import { type JsonObject, jsonHandler, RawResponse } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import type { Handler, Location } from '../../../io/io.ts';
import type {
  ApplyRequest,
  ApplyResponse,
  ChangesRequest,
  CollectRequest,
  ConflictsRequest,
  GateRequest,
  SetReplicasRequest,
  SnapshotRequest,
  TimeToLiveRequest,
} from '../api.ts';
import { applyChanges } from './apply-changes.ts';
import { listConflicts } from './conflicts.ts';
import type { CompareVersions } from './last-writer-wins.ts';
import { type ChangesAnswer, createChangeReader } from './read-changes.ts';
import type { ReplicaContext } from './replica-tables.ts';
import { setReplicas } from './set-replicas.ts';
import { readSnapshot } from './snapshot.ts';
import { createTombstoneCollector } from './tombstones.ts';

export interface ReplicaHandlerOptions {
  /** Who wins; only a simulation that plants a bug passes another one. */
  readonly compare?: CompareVersions;
  /** Carries out what another replica tells of Time to Live. */
  readonly setTimeToLive?: (request: TimeToLiveRequest) => void;
}

/** Handler of the internal address `dynamodb-replica` over one region's engine. */
export function createReplicaHandler(
  context: ReplicaContext,
  { compare, setTimeToLive }: ReplicaHandlerOptions = {},
): Handler {
  const readChanges = createChangeReader(context);
  const collectTombstones = createTombstoneCollector(context);
  const gates = new Set<string>();

  async function apply(request: ApplyRequest, from: Location): Promise<ApplyResponse> {
    const startUs = context.io.clock.monotonicUs();
    for (const table of [request.tableName, '*']) {
      if (!gates.has(`${table}/${from}`) && !gates.has(`${table}/*`)) continue;
      const message = `Replication from ${from} is paused`;
      throw new ServiceError('ReplicationPaused', message, { status: 503 });
    }
    const tally = await applyChanges(context, request, compare);
    await context.storage.store.flushed();
    return { ...tally, tookUs: context.io.clock.monotonicUs() - startUs };
  }

  function gate({ tableName, peer, closed }: GateRequest): object {
    if (closed) gates.add(`${tableName}/${peer}`);
    else gates.delete(`${tableName}/${peer}`);
    return {};
  }

  async function timeToLive(request: TimeToLiveRequest): Promise<object> {
    setTimeToLive?.(request);
    await context.storage.store.flushed();
    return {};
  }

  return jsonHandler({
    '/changes': async (body) => raw(await readChanges(as<ChangesRequest>(body))),
    '/snapshot': async (body) => raw(await readSnapshot(context, as<SnapshotRequest>(body))),
    '/apply': (body, from) => apply(as<ApplyRequest>(body), from),
    '/conflicts': (body) => listConflicts(context, as<ConflictsRequest>(body)),
    '/replicas': (body) => setReplicas(context, as<SetReplicasRequest>(body)),
    '/tombstones': (body) => collectTombstones(as<CollectRequest>(body)),
    '/time-to-live': (body) => timeToLive(as<TimeToLiveRequest>(body)),
    '/gate': (body) => gate(as<GateRequest>(body)),
  });
}

/** The body of an internal request is what its sender's types say: both ends are this program. */
function as<T>(body: JsonObject): T {
  return body as unknown as T;
}

function raw({ headers, body }: ChangesAnswer): RawResponse {
  return new RawResponse({
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}
