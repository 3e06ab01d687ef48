/**
 * Global tables, on one screen. No AWS API of its own: DynamoDB's UpdateTable asks the internal
 * address `global-tables`, whose routes `api.ts` documents.
 */
import { type JsonObject, jsonHandler, requestJson } from '../../endpoint/internal-json.ts';
import type { Service } from '../../endpoint/service.ts';
import { ServiceError } from '../../endpoint/service.ts';
import { type Io, NetError } from '../../io/io.ts';
import type { ConflictsRequest, ConflictsResponse } from '../dynamodb/api.ts';
import type {
  DeliveredRequest,
  DeliveredResponse,
  MembersMessage,
  PauseRequest,
  ReplicaUpdatesRequest,
  StatusResponse,
} from './api.ts';
import { describeTable } from './control-plane/dynamodb-api.ts';
import { createJobs } from './control-plane/jobs.ts';
import { createMembers } from './control-plane/members.ts';
import { updateReplicas } from './control-plane/replica-updates.ts';
import { createReplicator } from './data-plane/replicator.ts';
import { type ShippingOptions, shippingDefaults } from './data-plane/shipper.ts';
import { startTombstoneCollector } from './data-plane/tombstone-collector.ts';
import { openReplicationState } from './replication-state.ts';

export interface GlobalTablesOptions {
  readonly region: string;
  /** A tombstone stays at least this long; 24 hours unless told otherwise. */
  readonly tombstoneKeepMs?: number;
  /** How often tombstones are looked at; hourly unless told otherwise. */
  readonly tombstoneEveryMs?: number;
  readonly shipping?: Partial<ShippingOptions>;
}

const hourMs = 3_600_000;

/** Replication of one region's tables, and the control plane of their replicas. */
export async function createGlobalTablesService(
  io: Io,
  options: GlobalTablesOptions,
): Promise<Service> {
  const { region } = options;
  const state = await openReplicationState(io);
  const replicator = createReplicator(io, {
    region,
    state,
    shipping: { ...shippingDefaults, ...options.shipping },
    onGone: (tableName) => void leaveIfGone(tableName),
  });
  const members = createMembers(io, { region, state, reconcile: replicator.reconcile });
  const jobs = createJobs(io, { region, state, members });
  let stopCollector = (): void => {};

  /** A table that was deleted here without asking: the others hear of it (AWS allows it). */
  async function leaveIfGone(tableName: string): Promise<void> {
    if (state.job(tableName) !== undefined) return;
    try {
      const table = await describeTable(io.network, region, tableName);
      // A table without replicas is another one that has taken the name since.
      if ((table?.Replicas ?? []).length > 0) return;
    } catch (error) {
      // The shipper asks again.
      if (error instanceof NetError || error instanceof ServiceError) return;
      throw error;
    }
    if (state.job(tableName) !== undefined) return;
    await jobs.begin({ kind: 'remove', tableName, target: region });
  }

  const routes = {
    '/replica-updates': (body: JsonObject) =>
      updateReplicas(io, { region, state, members, jobs }, as<ReplicaUpdatesRequest>(body)),
    '/members': (body: JsonObject) => members.merge(as<MembersMessage>(body)),
    '/pause': (body: JsonObject) => replicator.pause(as<PauseRequest>(body)),
    '/status': async (body: JsonObject): Promise<StatusResponse> => {
      const { tableName } = as<{ tableName?: string }>(body);
      return { region, tables: await replicator.status(tableName) };
    },
    '/conflicts': (body: JsonObject) => {
      const to = { region, service: 'dynamodb-replica' };
      const request = as<ConflictsRequest>(body);
      const deadlineMs = 5_000;
      return requestJson<ConflictsResponse>(io.network, to, '/conflicts', request, { deadlineMs });
    },
    '/delivered': (body: JsonObject): DeliveredResponse => {
      const { tableName, peer } = as<DeliveredRequest>(body);
      const through = replicator.delivered(tableName, peer);
      if (through === undefined) throw new ServiceError('NotShipped', `${tableName} to ${peer}`);
      return { through };
    },
  };

  return {
    name: 'global-tables',
    operations: {},
    internal: { 'global-tables': jsonHandler(routes) },
    async start() {
      for (const tableName of state.tables()) {
        await members.restore(tableName);
        replicator.reconcile(tableName);
      }
      jobs.resume();
      stopCollector = startTombstoneCollector(io, {
        region,
        state,
        replicator,
        options: {
          keepMs: options.tombstoneKeepMs ?? 24 * hourMs,
          everyMs: options.tombstoneEveryMs ?? hourMs,
        },
      });
    },
    async stop() {
      jobs.stop();
      stopCollector();
      replicator.stop();
      await state.close();
    },
  };
}

/** The body of an internal request is what its sender's types say: both ends are this program. */
function as<T>(body: JsonObject): T {
  return body as unknown as T;
}
