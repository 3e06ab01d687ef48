/**
 * What clients live through, as events: a look-up with another answer than before, the first request
 * that failed, the first one that was answered again or by another region. Owns what counts as a
 * change; refuses to own requests and look-ups, it is told of them.
 *
 * Invariants:
 *  1. Only changes are told: a client in a steady state costs no event.
 *  2. A failure that was sent before the last success says nothing: its client has moved on.
 *  3. At most `maxClients` are known; the one that was met longest ago goes first.
 */
import type { Clock, Probe } from '../io/io.ts';
import { regionOfIp } from '../world/addresses.ts';
import type { Resolution } from './client-resolver.ts';

const maxClients = 10_000;

/** A client of a place, as it names itself, that uses a name. */
export interface Client {
  readonly place: string;
  readonly client: string;
  readonly name: string;
}

/** How a request ended: `why` where it failed (an error code, or a status from 500 on). */
export interface Outcome {
  readonly ip: string;
  readonly sentAtUs: number;
  readonly status: number;
  readonly why?: string;
}

export interface ClientWatch {
  looked(client: Client, resolution: Resolution): void;
  ended(client: Client, outcome: Outcome): void;
}

interface Known {
  address: string | undefined;
  how: Resolution['how'];
  answeredBy: string | undefined;
  answeredSentUs: number;
  failingSinceUs: number | undefined;
}

/** Makes the watch of a cloud's clients. Its events go to the probe. */
export function createClientWatch(probe: Probe, clock: Clock): ClientWatch {
  const clients = new Map<string, Known>();
  const knownOf = ({ place, client, name }: Client): Known => {
    const key = `${place}\n${name}\n${client}`;
    let known = clients.get(key);
    if (known === undefined) {
      if (clients.size >= maxClients) {
        const oldest = clients.keys().next().value;
        if (oldest !== undefined) clients.delete(oldest);
      }
      known = {
        address: undefined,
        how: 'fresh',
        answeredBy: undefined,
        answeredSentUs: Number.NEGATIVE_INFINITY,
        failingSinceUs: undefined,
      };
      clients.set(key, known);
    }
    return known;
  };
  const fail = (client: Client, known: Known, region: string, why: string): void => {
    if (known.failingSinceUs !== undefined) return;
    known.failingSinceUs = clock.monotonicUs();
    probe.event('client-failed', { ...client, region, why });
  };
  return {
    looked: (client, resolution) => {
      const known = knownOf(client);
      const address = resolution.kind === 'none' ? resolution.reason : resolution.addresses[0];
      const { how } = resolution;
      const isNews = address !== known.address || (how === 'stale' && known.how !== 'stale');
      if (known.address !== undefined && isNews) {
        const from = whereOf(known.address);
        probe.event('client-lookup', { ...client, from, to: whereOf(address ?? ''), how });
      }
      known.address = address;
      known.how = how;
      if (resolution.kind === 'none') fail(client, known, '', resolution.reason);
    },
    ended: (client, { ip, sentAtUs, status, why }) => {
      const known = knownOf(client);
      const region = whereOf(ip);
      if (why !== undefined) {
        if (sentAtUs > known.answeredSentUs) fail(client, known, region, why);
        return;
      }
      const { answeredBy, failingSinceUs } = known;
      const isNews = failingSinceUs !== undefined || (answeredBy ?? region) !== region;
      known.answeredBy = region;
      known.answeredSentUs = Math.max(known.answeredSentUs, sentAtUs);
      known.failingSinceUs = undefined;
      if (!isNews) return;
      const failedMs =
        failingSinceUs === undefined
          ? 0
          : Math.round((clock.monotonicUs() - failingSinceUs) / 1000);
      const from = answeredBy ?? '';
      probe.event('client-answered', { ...client, from, region, status, failedMs });
    },
  };
}

/** The region of an address, else the address (or why there is none). */
function whereOf(address: string): string {
  return regionOfIp(address) ?? address;
}
