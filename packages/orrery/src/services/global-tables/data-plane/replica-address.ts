/**
 * Owns: calls to the internal address `dynamodb-replica`, here and at a peer: what goes out and
 * what headers mean. Refuses to own: when to call and what to do about failures (`shipper.ts`).
 */
import { postJson, requestJson } from '../../../endpoint/internal-json.ts';
import type { HttpResponse, Network, ServiceAddress } from '../../../io/io.ts';
import type {
  ApplyResponse,
  ChangesHeaders,
  ChangesRequest,
  HlcTimestamp,
  SnapshotRequest,
} from '../../dynamodb/api.ts';

/** Changes of this region, ready to be sent: `body` is a request to /apply. */
export interface Changes {
  readonly through: number;
  readonly head: number;
  readonly count: number;
  readonly oldest: HlcTimestamp | undefined;
  readonly stamped: HlcTimestamp;
  readonly body: Uint8Array;
}

/** One page of a table: `body` is a request to /apply; `next` is null on the last. */
export interface SnapshotPage {
  readonly body: Uint8Array;
  readonly next: string | null;
}

export function replicaAddress(region: string): ServiceAddress {
  return { region, service: 'dynamodb-replica' };
}

export async function readChanges(
  network: Network,
  region: string,
  request: ChangesRequest,
): Promise<Changes> {
  // The answer waits as long as asked; what is added is for the way and the flush.
  const deadlineMs = request.waitMs + request.lingerMs + 5_000;
  const response = await postJson(network, replicaAddress(region), '/changes', request, {
    deadlineMs,
  });
  const header = (name: keyof ChangesHeaders): string => headerOf(response, name) ?? '';
  return {
    through: Number(header('orrery-through')),
    head: Number(header('orrery-head')),
    count: Number(header('orrery-count')),
    oldest: headerOf(response, 'orrery-oldest'),
    stamped: header('orrery-stamped'),
    body: response.body,
  };
}

export function applyAt(
  network: Network,
  peer: string,
  body: Uint8Array,
  deadlineMs: number,
): Promise<ApplyResponse> {
  return requestJson(network, replicaAddress(peer), '/apply', body, { deadlineMs });
}

export async function readSnapshotPage(
  network: Network,
  region: string,
  request: SnapshotRequest,
): Promise<SnapshotPage> {
  const response = await postJson(network, replicaAddress(region), '/snapshot', request, {
    deadlineMs: 10_000,
  });
  return { body: response.body, next: headerOf(response, 'orrery-next') ?? null };
}

/** Epoch milliseconds of a timestamp: its first twelve digits. */
export function stampedAtMs(timestamp: HlcTimestamp): number {
  return Number.parseInt(timestamp.slice(0, 12), 16);
}

function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
