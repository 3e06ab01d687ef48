/**
 * A small cloud for this folder's tests: an edge with Route 53 in simulated time, and regions
 * whose front doors say what a test wants them to.
 */
import assert from 'node:assert/strict';
import { ServiceError } from '../../endpoint/service.ts';
import type { HttpRequest, HttpResponse, Io } from '../../io/io.ts';
import { createUniverse, type Universe } from '../../io/simulated/universe.ts';
import { typeName, typeNumber } from '../../wire/dns/constants.ts';
import { clientSubnetOption } from '../../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../wire/dns/message.ts';
import { dataText } from '../../wire/dns/record-data.ts';
import { placeByName } from '../../world/places.ts';
import type { RecordSet } from './record-set.ts';
import { createRoute53Service, type Route53Options, type Route53Service } from './service.ts';

export type Output = Readonly<Record<string, unknown>> & {
  readonly HostedZone: { readonly Id: string; readonly ResourceRecordSetCount: number };
  readonly ChangeInfo: { readonly Id: string; readonly Status: string };
  readonly HealthCheck: { readonly Id: string; readonly HealthCheckVersion: number };
};

export type FrontDoor = (
  request: HttpRequest,
  from: string,
) => HttpResponse | Promise<HttpResponse>;

export const response = (status: number, body = ''): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: new Uint8Array(Buffer.from(body)),
});

export class TestCloud {
  readonly universe: Universe;
  /** The service of the edge's present life. */
  service: Route53Service | undefined;
  /** Whether an edge that boots starts its services, health checkers among them. */
  starts = true;
  readonly requests: { region: string; from: string; request: HttpRequest }[] = [];
  private readonly doors = new Map<string, FrontDoor>();

  private constructor(universe: Universe) {
    this.universe = universe;
  }

  /** `wrap` is what the edge's `Io` goes through, for tests that listen in. */
  static async make(
    options: Route53Options = {},
    seed = 7,
    wrap: (io: Io) => Io = (io) => io,
  ): Promise<TestCloud> {
    const cloud = new TestCloud(await createUniverse({ seed, strict: false }));
    cloud.universe.spawn('edge', 'global', async (io) => {
      const service = await createRoute53Service(wrap(io), options);
      if (cloud.starts) await service.start?.();
      cloud.service = service;
    });
    await cloud.sleep(10);
    return cloud;
  }

  /** Brings a region up, or changes what its front door says. */
  region(id: string, door: FrontDoor = () => response(200, 'ok')): void {
    const known = this.doors.has(id);
    this.doors.set(id, door);
    if (known) return;
    this.universe.spawn(id, id, async (io) => {
      io.network.serve('front-door', (request, from) => {
        this.requests.push({ region: id, from, request });
        return this.doors.get(id)?.(request, from) ?? response(500);
      });
    });
  }

  async sleep(milliseconds: number): Promise<void> {
    await this.universe.runUntil(this.universe.nowUs + milliseconds * 1000);
    assert.deepEqual(this.universe.failures, []);
  }

  async restartEdge(): Promise<void> {
    this.universe.crash('edge');
    this.service = undefined;
    this.universe.restart('edge');
    await this.sleep(10);
  }

  /** Calls an operation; what it throws is thrown. */
  async call(operation: string, input: object): Promise<Output> {
    const operations = this.service?.operations ?? {};
    const run = operations[operation] as ((input: object) => unknown) | undefined;
    assert.ok(run, operation);
    const result = await this.universe.perform(
      'edge',
      async () => ({ out: await run(input) }),
      1000,
    );
    return result?.out as Output;
  }

  /** The error that an operation ends in, as `Code: message`. */
  async refusal(operation: string, input: object): Promise<string> {
    try {
      await this.call(operation, input);
    } catch (error) {
      assert.ok(error instanceof ServiceError, String(error));
      return `${error.status} ${error.code}: ${error.message}`;
    }
    return 'accepted';
  }

  async zone(name: string): Promise<string> {
    const made = await this.call('CreateHostedZone', {
      Name: name,
      CallerReference: `${name} ${this.universe.nowUs}`,
    });
    return made.HostedZone.Id;
  }

  change(zoneId: string, ...changes: (readonly [string, Partial<RecordSet>])[]): Promise<Output> {
    return this.call('ChangeResourceRecordSets', batch(zoneId, ...changes));
  }

  /** What a resolver in a place is told: values, or the response code where there are none. */
  dig(name: string, type = 'A', place = 'ashburn'): string {
    const subnet = placeByName(place)?.subnet;
    assert.ok(subnet);
    const query = queryMessage({
      id: 1,
      name,
      type: typeNumber(type) ?? 0,
      edns: { options: [clientSubnetOption(subnet)] },
    });
    const bytes = this.service?.answer(serializeMessage(query), { ip: '127.0.0.1', tcp: false });
    assert.ok(bytes);
    const message = parseMessage(bytes);
    if (message.answers.length === 0)
      return ['NODATA', '', '', 'NXDOMAIN', '', 'REFUSED'][message.rcode] ?? '';
    return message.answers
      .map(
        (each) =>
          `${typeName(each.type) === type ? '' : `${typeName(each.type)} `}${dataText(each.type, each.data)}`,
      )
      .sort()
      .join(' ');
  }
}

export function batch(
  zoneId: string,
  ...changes: (readonly [string, Partial<RecordSet>])[]
): object {
  const list = changes.map(([Action, ResourceRecordSet]) => ({ Action, ResourceRecordSet }));
  return { HostedZoneId: zoneId, ChangeBatch: { Changes: list } };
}

/** A record set with values. */
export const records = (
  Name: string,
  Type: string,
  values: readonly string[],
  more: Partial<RecordSet> = {},
): Partial<RecordSet> => ({
  Name,
  Type,
  TTL: 60,
  ResourceRecords: values.map((Value) => ({ Value })),
  ...more,
});
