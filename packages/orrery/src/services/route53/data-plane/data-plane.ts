/**
 * Name servers and health checkers on one propagated state. Works with the control plane absent:
 * all it needs is its own store.
 *
 * X1  A change of zones or of a status empties the answer cache before anyone can ask again.
 */
import type { Io, Random } from '../../../io/io.ts';
import { DnsFormatError, typeNumber, types } from '../../../wire/dns/constants.ts';
import { lowerName, nameText, parseName, type WireName } from '../../../wire/dns/name.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import { type Place, placeByName, placesLike } from '../../../world/places.ts';
import { placeOfIp } from '../../../world/prefixes.ts';
import type { Explanation } from '../api.ts';
import { HealthCheckers } from '../health/checkers.ts';
import type { Update } from '../record-set.ts';
import { DnsServer, type QuerySource } from './dns-server.ts';
import { explain } from './explain.ts';
import { PropagatedState } from './propagated-state.ts';
import { resolve, resolveAwsName } from './resolve.ts';

export interface DataPlaneOptions {
  readonly timeScale: number;
  readonly defaultPlace: Place;
}

/** CNAMEs from zone to zone that a checker's lookup follows. */
const maxHops = 8;

export class DataPlane {
  readonly state: PropagatedState;
  readonly checkers: HealthCheckers;
  private readonly server: DnsServer;
  private readonly lookups: Random;
  private readonly options: DataPlaneOptions;
  private started = false;

  /** Opens the store `route53-dns` and restores what had been propagated. */
  static async open(io: Io, options: DataPlaneOptions): Promise<DataPlane> {
    return new DataPlane(io, options, new PropagatedState(await io.storage.open('route53-dns')));
  }

  private constructor(io: Io, options: DataPlaneOptions, state: PropagatedState) {
    this.lookups = io.random.split('route53-lookups');
    this.options = options;
    this.state = state;
    this.checkers = new HealthCheckers({
      io,
      timeScale: options.timeScale,
      resolve: (hostName) => this.addressOf(hostName),
      lastStatus: (id) => state.lastStatus(id),
      onChange: (id, healthy) => {
        this.server.invalidate();
        state.saveStatus(id, healthy);
      },
    });
    this.server = new DnsServer({
      zones: state.zones,
      health: this.checkers,
      random: io.random.split('route53-answers'),
      defaultPlace: options.defaultPlace,
      timeScale: options.timeScale,
    });
    state.onApply((updates) => {
      this.server.invalidate();
      if (this.started) this.takeOver(updates);
    });
  }

  /** Begins to probe. Answers are given before, too, on the statuses of the last run. */
  start(): void {
    this.started = true;
    for (const check of this.state.healthChecks.values()) this.checkers.set(check);
  }

  stop(): void {
    this.checkers.stop();
  }

  /** The answer to a DNS packet, or undefined where none must be sent. */
  answer(packet: Uint8Array, source: QuerySource): Uint8Array | undefined {
    return this.server.answer(packet, source);
  }

  /** Explains an answer, or says in a text what is wrong with the question. */
  explain(
    name: string,
    type: string,
    where: { readonly place: string | undefined; readonly ip: string | undefined },
  ): Explanation | string {
    const number = typeNumber(type);
    if (number === undefined) return `no such record type: ${type}`;
    const wire = wireName(name);
    if (wire === undefined) return `no domain name: ${name}`;
    const place = this.placeOf(where);
    if (typeof place === 'string') return place;
    return explain(wire, number, place, {
      zones: this.state.zones,
      health: this.checkers,
      random: this.lookups,
    });
  }

  private placeOf(where: { place: string | undefined; ip: string | undefined }): Place | string {
    if (where.place !== undefined) {
      const like = placesLike(where.place).join(', ');
      return (
        placeByName(where.place) ?? `no such place: ${where.place}; like it: ${like || 'none'}`
      );
    }
    return (where.ip === undefined ? undefined : placeOfIp(where.ip)) ?? this.options.defaultPlace;
  }

  private takeOver(updates: readonly Update[]): void {
    for (const update of updates) {
      if (update.kind === 'health-check') this.checkers.set(update.check);
      else if (update.kind === 'health-check-deleted') this.checkers.remove(update.id);
    }
  }

  /** The first IPv4 address of a name, as health checkers resolve it. */
  private addressOf(hostName: string, hops = 0): string | undefined {
    const name = wireName(hostName);
    if (name === undefined) return undefined;
    const zone = this.state.zones.find(name);
    const resolution =
      zone === undefined
        ? resolveAwsName(name, types.A)
        : resolve(zone, name, types.A, {
            health: this.checkers,
            place: this.options.defaultPlace,
            random: this.lookups,
          });
    const answers = resolution?.answers ?? [];
    const address = answers.find((record) => record.type === types.A);
    if (address !== undefined) return dataText(types.A, address.data);
    // A CNAME that leaves its zone: follow it, as a resolver would.
    const last = answers.at(-1);
    if (last?.type !== types.CNAME || hops >= maxHops) return undefined;
    return this.addressOf(nameText(Buffer.from(last.data).toString('latin1')), hops + 1);
  }
}

function wireName(text: string): WireName | undefined {
  try {
    return lowerName(parseName(text));
  } catch (error) {
    if (error instanceof DnsFormatError) return undefined;
    throw error;
  }
}
