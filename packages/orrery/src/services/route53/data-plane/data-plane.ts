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
import { regionOfIp } from '../../../world/addresses.ts';
import type { GeoDatabase } from '../../../world/geo-database.ts';
import { type Place, placeByName, placesLike } from '../../../world/places.ts';
import type { Explanation, RoutingControlState, World } from '../api.ts';
import { HealthCheckers } from '../health/checkers.ts';
import type { Update } from '../record-set.ts';
import { AnswerWatch } from './answer-watch.ts';
import { askerInVpc } from './asker.ts';
import { parseCidr, prefixOfIp } from './cidr-index.ts';
import { ClientPlaces } from './client-place.ts';
import type { RoutingFacts } from './decide.ts';
import { DnsServer, type QuerySource } from './dns-server.ts';
import { explain } from './explain.ts';
import type { BiasFormula } from './geoproximity.ts';
import { PropagatedState } from './propagated-state.ts';
import { type RateLimitOptions, ResponseRateLimiter } from './rate-limit.ts';
import { resolve, resolveAwsName } from './resolve.ts';
import { routingControlNamed, routingControlsOf } from './routing-controls.ts';
import { worldOf } from './world.ts';

export interface DataPlaneOptions {
  readonly timeScale: number;
  readonly defaultPlace: Place;
  readonly geoDatabase: GeoDatabase | undefined;
  /** Round-trip milliseconds between a client's place and a region. */
  readonly latencyMs: (place: Place, region: string) => number;
  readonly biasFormula: BiasFormula;
  readonly rateLimit: Pick<RateLimitOptions, 'perSecond' | 'includesLoopback'>;
  /** Whether changes of answers are told as events, place by place. */
  readonly watchesAnswers: boolean;
}

/** Who asks, for explanations. */
export interface Questioner {
  readonly place: string | undefined;
  readonly ip: string | undefined;
  readonly vpc: string | undefined;
  readonly down: readonly string[];
}

/** CNAMEs from zone to zone that a checker's lookup follows. */
const maxHops = 8;

export class DataPlane {
  readonly state: PropagatedState;
  readonly checkers: HealthCheckers;
  private readonly server: DnsServer;
  private readonly lookups: Random;
  private readonly rateLimiter: ResponseRateLimiter;
  private readonly options: DataPlaneOptions;
  private readonly clientPlaces: ClientPlaces;
  private readonly facts: RoutingFacts;
  private readonly answerWatch: AnswerWatch | undefined;
  private started = false;

  /** Opens the store `route53-dns` and restores what had been propagated. */
  static async open(io: Io, options: DataPlaneOptions): Promise<DataPlane> {
    return new DataPlane(io, options, new PropagatedState(await io.storage.open('route53-dns')));
  }

  private constructor(io: Io, options: DataPlaneOptions, state: PropagatedState) {
    this.lookups = io.random.split('route53-lookups');
    this.rateLimiter = new ResponseRateLimiter({
      ...options.rateLimit,
      nowMs: () => io.clock.monotonicUs() / 1000,
      seed: io.random.split('route53-rate-limit').u32(),
    });
    this.options = options;
    this.state = state;
    this.checkers = new HealthCheckers({
      io,
      timeScale: options.timeScale,
      resolve: (hostName) => this.addressOf(hostName),
      lastStatus: (id) => state.lastStatus(id),
      routingControl: (arn) => state.routingControl(arn),
      onChange: (id, healthy) => {
        this.server.invalidate();
        state.saveStatus(id, healthy);
        this.answerWatch?.changed(id, healthy);
      },
    });
    this.clientPlaces = new ClientPlaces(options.defaultPlace, options.geoDatabase);
    this.facts = {
      health: this.checkers,
      latencyMs: options.latencyMs,
      biasFormula: options.biasFormula,
      cidr: (id) => state.cidr(id),
    };
    if (options.watchesAnswers) {
      const { zones, dependents } = state;
      const random = io.random.split('route53-answer-watch');
      this.answerWatch = new AnswerWatch({ io, zones, dependents, facts: this.facts, random });
    }
    this.server = new DnsServer({
      zones: state.zones,
      facts: this.facts,
      random: io.random.split('route53-answers'),
      clientPlaces: this.clientPlaces,
      timeScale: options.timeScale,
    });
    state.onApply((updates) => {
      this.server.invalidate();
      if (this.started) this.takeOver(updates);
    });
  }

  /** Begins to probe. Answers are given before, too, on the statuses of the last run. */
  start(): void {
    if (this.started) return;
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

  /** The answer to a datagram, whose sender may be forged: within the limit of answers. */
  answerDatagram(packet: Uint8Array, source: QuerySource): Uint8Array | undefined {
    const answer = this.server.answer(packet, source);
    return answer === undefined ? undefined : this.rateLimiter.limit(answer, source.ip);
  }

  /** The routing controls that health checks name. */
  routingControls(): readonly RoutingControlState[] {
    const { state } = this;
    return routingControlsOf(state.healthChecks.values(), (arn) => state.routingControl(arn));
  }

  /**
   * Switches a routing control, durable when it resolves; or says why there is none of that name.
   * An ARN that no health check names yet may be switched beforehand.
   */
  async setRoutingControl(name: string, on: boolean): Promise<RoutingControlState | string> {
    const known = routingControlNamed(this.routingControls(), name);
    const isArn = name.startsWith('arn:');
    if (typeof known === 'string' && !isArn) return known;
    const { arn, healthCheckIds } =
      typeof known === 'string' ? { arn: name, healthCheckIds: [] } : known;
    this.state.setRoutingControl(arn, on);
    this.checkers.routingControlChanged(arn);
    await this.state.flushed();
    return { arn, on, healthCheckIds };
  }

  /** Explains an answer, or says in a text what is wrong with the question. */
  explain(name: string, type: string, who: Questioner): Explanation | string {
    const question = readQuestion(name, type);
    if (typeof question === 'string') return question;
    const place = this.placeOf(who);
    if (typeof place === 'string') return place;
    return explain(question.name, question.type, place, {
      zones: this.state.zones,
      facts: this.factsIf(who.down),
      random: this.lookups,
      asker: who.vpc === undefined ? undefined : askerInVpc(who.vpc),
      prefix: who.ip === undefined ? undefined : (parseCidr(who.ip) ?? prefixOfIp(who.ip)),
      knownBy: this.knownBy(who),
    });
  }

  /** The answers at every place, or what is wrong with the question. */
  world(name: string, type: string, down: readonly string[]): World | string {
    const question = readQuestion(name, type);
    if (typeof question === 'string') return question;
    const { latencyMs } = this.options;
    return worldOf(question.name, question.type, latencyMs, {
      zones: this.state.zones,
      facts: this.factsIf(down),
      random: this.lookups,
    });
  }

  /** The routing facts, with regions and health checks taken as failed. */
  private factsIf(down: readonly string[]): RoutingFacts {
    if (down.length === 0) return this.facts;
    const failed = new Set(down);
    const health = this.checkers.hypothetical((check) => {
      if (failed.has(check.id)) return true;
      const { IPAddress: ip, FullyQualifiedDomainName: host } = check.config;
      const address = ip ?? (host === undefined ? undefined : this.addressOf(host));
      const region = address === undefined ? undefined : regionOfIp(address);
      return region !== undefined && failed.has(region);
    });
    return { ...this.facts, health };
  }

  private placeOf({ place, ip }: Questioner): Place | string {
    if (place !== undefined) {
      const like = placesLike(place).join(', ');
      return placeByName(place) ?? `no such place: ${place}; like it: ${like || 'none'}`;
    }
    if (ip === undefined) return this.options.defaultPlace;
    const subnet = parseCidr(ip);
    return this.clientPlaces.placeOf(
      subnet === undefined ? undefined : { ...subnet, scopePrefix: 0 },
      ip,
    );
  }

  private knownBy({ place, ip }: Questioner): string | undefined {
    if (place !== undefined) return undefined;
    return this.clientPlaces.knownBy(ip?.split('/')[0] ?? '');
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
            ...this.facts,
            place: this.options.defaultPlace,
            prefix: () => undefined,
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

function readQuestion(
  name: string,
  type: string,
): { readonly name: WireName; readonly type: number } | string {
  const number = typeNumber(type);
  if (number === undefined) return `no such record type: ${type}`;
  const wire = wireName(name);
  return wire === undefined ? `no domain name: ${name}` : { name: wire, type: number };
}

function wireName(text: string): WireName | undefined {
  try {
    return lowerName(parseName(text));
  } catch (error) {
    if (error instanceof DnsFormatError) return undefined;
    throw error;
  }
}
