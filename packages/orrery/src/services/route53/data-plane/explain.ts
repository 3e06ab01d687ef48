/**
 * Why a name answers what it answers, for a client at a place: the steps of `decide.ts` as data
 * and as text. Looks on: it takes the same road as an answer and changes nothing.
 */
import type { Random } from '../../../io/io.ts';
import { rcodeName, typeName } from '../../../wire/dns/constants.ts';
import { nameText, type WireName } from '../../../wire/dns/name.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import type { Place } from '../../../world/places.ts';
import { regions } from '../../../world/regions.ts';
import type { ExplainedCandidate, ExplainedClient, ExplainedStep, Explanation } from '../api.ts';
import { placeInVpc } from './asker.ts';
import { type ClientPrefix, parseCidr } from './cidr-index.ts';
import type { Candidate, RoutingFacts, Step } from './decide.ts';
import type { CompiledRecord, SetMembers } from './packed-group.ts';
import { resolve, resolveAwsName } from './resolve.ts';
import type { Asker, ZoneTable } from './zone-table.ts';

export interface ExplainContext {
  readonly zones: ZoneTable;
  readonly facts: RoutingFacts;
  readonly random: Random;
  /** Where it is not everybody. */
  readonly asker?: Asker | undefined;
  /** What IP-based routing goes by; the place's own subnet if absent. */
  readonly prefix?: ClientPrefix | undefined;
  /** What told the place; the question itself if absent. */
  readonly knownBy?: string | undefined;
}

/** Explains the answer to one question. The name is in lower case. */
export function explain(
  name: WireName,
  type: number,
  asked: Place,
  context: ExplainContext,
): Explanation {
  const { zones, facts, random, asker } = context;
  const zone = zones.find(name, asker);
  const inVpc = zone === undefined ? undefined : placeInVpc(zone, asker);
  const place = inVpc ?? asked;
  const steps: Step[] = [];
  const prefix = (): ClientPrefix | undefined => context.prefix ?? parseCidr(place.subnet);
  const resolution =
    zone === undefined
      ? resolveAwsName(name, type)
      : resolve(zone, name, type, { ...facts, random, place, prefix, steps });
  const explained: Omit<Explanation, 'text'> = {
    name: nameText(name),
    type: typeName(type),
    place: place.name,
    client: clientOf(place, inVpc === undefined ? context.knownBy : 'its VPC', facts),
    zoneId: zone?.facts.id ?? null,
    responseCode: resolution === undefined ? 'REFUSED' : rcodeName(resolution.rcode),
    answers: (resolution?.answers ?? []).map((record) => ({
      name: nameText(record.name),
      type: typeName(record.type),
      ttl: record.ttl,
      value: dataText(record.type, record.data),
    })),
    dependsOnPlace: resolution?.location ?? false,
    dependsOnChance: resolution?.chance ?? false,
    steps: steps.map(explainedStep),
  };
  return { ...explained, text: textOf(explained) };
}

function clientOf(place: Place, knownBy: string | undefined, facts: RoutingFacts): ExplainedClient {
  const { displayName, country, subdivision, continent, lat, lon } = place;
  const rttMs = Object.fromEntries(regions.map(({ id }) => [id, facts.latencyMs(place, id)]));
  const where = { displayName, country, subdivision: subdivision ?? null, continent, lat, lon };
  return { ...where, knownBy: knownBy ?? 'its name', rttMs };
}

function explainedStep(step: Step): ExplainedStep {
  return {
    name: nameText(step.group.name, 8),
    type: typeName(step.group.type),
    policy: step.group.policy,
    lastResort: step.lastResort,
    candidates: step.candidates.map((candidate) => explainedCandidate(candidate, step)),
  };
}

function explainedCandidate(candidate: Candidate, step: Step): ExplainedCandidate {
  const { record } = candidate;
  const { set } = record;
  return {
    setIdentifier: set.SetIdentifier ?? null,
    region: set.Region ?? null,
    weight: set.Weight ?? null,
    failover: set.Failover ?? null,
    location: locationText(set),
    latencyMs: candidate.latencyMs ?? null,
    distanceKm: candidate.distanceKm === undefined ? null : Math.round(candidate.distanceKm),
    applies: candidate.applies,
    healthCheckId: set.HealthCheckId ?? null,
    healthy: candidate.unhealthy === undefined,
    reason: candidate.unhealthy ?? null,
    chosen: candidate.chosen,
    answers: answersOf(record, step.group.type),
  };
}

/** What a geolocation, geoproximity or IP-based record is for. */
function locationText(set: SetMembers): string | null {
  const { GeoLocation: geo, GeoProximityLocation: near, CidrRoutingConfig: cidr } = set;
  if (geo !== undefined) {
    if (geo.CountryCode === '*') return 'default';
    if (geo.ContinentCode !== undefined) return `continent ${geo.ContinentCode}`;
    const state = geo.SubdivisionCode === undefined ? '' : `-${geo.SubdivisionCode}`;
    return `country ${geo.CountryCode}${state}`;
  }
  if (near !== undefined) {
    const { AWSRegion: region, LocalZoneGroup: zone, Coordinates: at, Bias: bias = 0 } = near;
    const where = region ?? zone ?? `${at?.Latitude}, ${at?.Longitude}`;
    return `${where}${bias === 0 ? '' : ` bias ${bias > 0 ? '+' : ''}${bias}`}`;
  }
  return cidr === undefined ? null : `CIDR location ${cidr.LocationName}`;
}

function answersOf(record: CompiledRecord, type: number): string[] {
  const target = record.set.AliasTarget;
  if (target !== undefined) return [`alias ${target.DNSName}`];
  return record.data.map((data) => dataText(type, data));
}

function textOf(explained: Omit<Explanation, 'text'>): string {
  const { name, type, place, client, answers, steps } = explained;
  const lines = [`${name} ${type} asked from ${place}: ${explained.responseCode}`];
  if (client.knownBy !== 'its name') lines.push(`  ${clientText(client)}`);
  for (const step of steps) {
    lines.push(`  ${step.name} ${step.type}, ${step.policy}`);
    if (step.lastResort) lines.push('    all unhealthy: taken as all healthy (last resort)');
    for (const each of step.candidates) lines.push(`    ${candidateText(each)}`);
  }
  for (const answer of answers) {
    lines.push(`  answer ${answer.name} ${answer.ttl} ${answer.type} ${answer.value}`);
  }
  if (explained.zoneId === null && answers.length === 0) {
    lines.push('  no hosted zone here holds this name');
  }
  return lines.join('\n');
}

function clientText(client: ExplainedClient): string {
  const { displayName, country, subdivision, continent, lat, lon, knownBy } = client;
  const area = subdivision === null ? country : `${country}-${subdivision}`;
  return `client in ${displayName}, ${area}, ${continent} (${lat}, ${lon}), by ${knownBy}`;
}

function candidateText(candidate: ExplainedCandidate): string {
  const facts = [
    candidate.region,
    candidate.location,
    candidate.distanceKm === null ? null : `${candidate.distanceKm} km`,
    candidate.latencyMs === null ? null : `${candidate.latencyMs} ms`,
    candidate.weight === null ? null : `weight ${candidate.weight}`,
    candidate.failover,
    candidate.applies ? null : 'not for this client',
    candidate.reason ?? (candidate.healthCheckId === null ? 'no health check' : 'healthy'),
  ].filter((fact) => fact !== null);
  const mark = candidate.chosen ? '*' : '-';
  const label = candidate.setIdentifier ?? '(only set)';
  return `${mark} ${label}: ${facts.join(', ')} → ${candidate.answers.join(', ')}`;
}
