/**
 * From a question to the records of an answer: zone cuts, CNAME chains, wildcards, names that do
 * not exist. Owns RFC 1034 §4.3.2 for an authoritative server. Refuses to own the choice among
 * record sets (`decide.ts`) and bytes (`dns-server.ts`).
 *
 * Invariants:
 *  R1  An answer without records carries the zone's SOA, its TTL cut to the negative TTL.
 *  R2  CNAMEs are followed inside their zone only, at most `maxChain` of them.
 */
import { rcodes, types } from '../../../wire/dns/constants.ts';
import { isAtOrBelow, type WireName } from '../../../wire/dns/name.ts';
import { parseData } from '../../../wire/dns/record-data.ts';
import { awsTarget, awsZoneName, awsZoneSoa } from './aws-names.ts';
import { type Decision, type DecisionContext, decide } from './decide.ts';
import { awsTtlSeconds, type Group } from './packed-group.ts';
import type { Zone } from './zone-table.ts';

export interface AnswerRecord {
  readonly name: WireName;
  readonly type: number;
  readonly ttl: number;
  readonly data: Uint8Array;
}

export interface Resolution {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly AnswerRecord[];
  readonly authorities: readonly AnswerRecord[];
  readonly additionals: readonly AnswerRecord[];
  /** See invariant C4 of `decide.ts`. */
  readonly chance: boolean;
  readonly location: boolean;
  readonly cidrScope: number;
}

const maxChain = 16;

/** Answer to ANY (RFC 8482): one record that says why there are no others. */
const anyData = parseData(types.HINFO, '"RFC8482" ""');
const anyTtlSeconds = 3600;

/** Everything that a resolution needs besides its zone. */
export type ResolveContext = Omit<DecisionContext, 'lookup'>;

interface Draft {
  rcode: number;
  authoritative: boolean;
  answers: AnswerRecord[];
  authorities: AnswerRecord[];
  additionals: AnswerRecord[];
  chance: boolean;
  location: boolean;
  cidrScope: number;
}

const emptyDraft = (): Draft => ({
  rcode: rcodes.NOERROR,
  authoritative: true,
  answers: [],
  authorities: [],
  additionals: [],
  chance: false,
  location: false,
  cidrScope: 0,
});

/** What a zone answers to a question of class IN. The name is in lower case, in the zone. */
export function resolve(
  zone: Zone,
  question: WireName,
  type: number,
  context: ResolveContext,
): Resolution {
  const draft = emptyDraft();
  const decision = (group: Group): Decision => {
    const made = decide(group, { ...context, lookup: (name, of) => zone.group(name, of) });
    draft.chance ||= made.chance;
    draft.location ||= made.location;
    draft.cidrScope = Math.max(draft.cidrScope, made.cidrScope);
    return made;
  };
  let name = question;
  for (let links = 0; links <= maxChain; links++) {
    const cut = zone.delegationOf(name, type !== types.DS);
    if (cut !== undefined) {
      if (links === 0) refer(zone, cut, draft);
      return draft;
    }
    const found = zone.has(name) ? name : zone.wildcardFor(name);
    if (found === undefined) {
      draft.rcode = rcodes.NXDOMAIN;
      break;
    }
    if (type === types.ANY) {
      draft.answers.push({ name, type: types.HINFO, ttl: anyTtlSeconds, data: anyData });
      return draft;
    }
    const group = zone.group(found, type);
    if (group !== undefined) {
      const { data, ttl } = decision(group);
      for (const each of data) draft.answers.push({ name, type, ttl, data: each });
      if (data.length > 0) return draft;
      break;
    }
    const next = followAlias(zone.group(found, types.CNAME), name, decision, draft);
    if (next === undefined) break;
    if (!isAtOrBelow(next, zone.name)) return draft;
    name = next;
  }
  draft.authorities.push(...negative(zone));
  return draft;
}

/** Adds the CNAME of a name to the answer and returns where it leads, in lower case. */
function followAlias(
  group: Group | undefined,
  name: WireName,
  decision: (group: Group) => Decision,
  draft: Draft,
): WireName | undefined {
  if (group === undefined) return undefined;
  const { data, ttl } = decision(group);
  const [target] = data;
  if (target === undefined) return undefined;
  draft.answers.push({ name, type: types.CNAME, ttl, data: target });
  return Buffer.from(target).toString('latin1').toLowerCase();
}

/** A referral to the name servers of a delegated name, with their addresses where we hold them. */
function refer(zone: Zone, cut: Group, draft: Draft): void {
  draft.authoritative = false;
  for (const record of cut.records) {
    for (const data of record.data) {
      draft.authorities.push({ name: cut.name, type: types.NS, ttl: record.ttl, data });
      const server = Buffer.from(data).toString('latin1').toLowerCase();
      for (const type of [types.A, types.AAAA]) {
        for (const glue of zone.group(server, type)?.records ?? []) {
          for (const address of glue.data) {
            draft.additionals.push({ name: server, type, ttl: glue.ttl, data: address });
          }
        }
      }
    }
  }
}

/** The SOA record for a negative answer: lives min(its TTL, the zone's minimum) (RFC 2308). */
function negative(zone: Zone): readonly AnswerRecord[] {
  const soa = zone.group(zone.name, types.SOA)?.records[0];
  const data = soa?.data[0];
  if (soa === undefined || data === undefined) return [];
  const minimum = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(
    data.byteLength - 4,
  );
  return [{ name: zone.name, type: types.SOA, ttl: Math.min(soa.ttl, minimum), data }];
}

/** What AWS's own zone answers, or undefined where a name is none of AWS's regional names. */
export function resolveAwsName(name: WireName, type: number): Resolution | undefined {
  const data = awsTarget(name, type);
  if (data === undefined) return undefined;
  const draft = emptyDraft();
  draft.answers = data.map((each) => ({ name, type, ttl: awsTtlSeconds, data: each }));
  if (data.length === 0) {
    draft.authorities.push({ name: awsZoneName, type: types.SOA, ttl: 900, data: awsZoneSoa });
  }
  return draft;
}
