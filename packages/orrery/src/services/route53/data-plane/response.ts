/**
 * Answers as bytes: the body that is compiled once, and the packet that is made of it for one
 * query. Refuses to own what is answered (`resolve.ts`).
 *
 * Invariants:
 *  E1  The question comes back octet for octet (0x20 case), and so does the client subnet.
 *  E2  An answer over UDP fits what the asker takes and 1,232 octets (512 without EDNS); one that
 *      would not is empty and truncated.
 */
import { classes, flags, rcodes, types } from '../../../wire/dns/constants.ts';
import { serializeClientSubnet } from '../../../wire/dns/edns.ts';
import { writeEdns } from '../../../wire/dns/message.ts';
import type { Query } from '../../../wire/dns/query.ts';
import { DnsWriter } from '../../../wire/dns/writer.ts';
import type { ClientPlaces } from './client-place.ts';
import type { SoleValue } from './packed-group.ts';
import type { AnswerRecord, Resolution } from './resolve.ts';

/** What stands behind the question of an answer, but for EDNS. */
export interface Body {
  /** AA, and the response code. */
  readonly word: number;
  readonly counts: readonly [answers: number, authorities: number, additionals: number];
  readonly bytes: Buffer;
  readonly location: boolean;
  readonly cidrScope: number;
}

const maxUdpOctets = 1232;

export const refused: Body = emptyBody(rcodes.REFUSED);
export const badVersion: Body = emptyBody(rcodes.NOERROR);

function emptyBody(rcode: number): Body {
  return { word: rcode, counts: [0, 0, 0], bytes: Buffer.alloc(0), location: false, cidrScope: 0 };
}

/** Compiles the answer to a question. */
export function compileBody(query: Query, resolution: Resolution, timeScale: number): Body {
  const writer = new DnsWriter(512);
  // Header and question first, so that names can point back at the question.
  writer.raw(query.bytes.subarray(0, 12));
  writer.name(query.name, false);
  writer.u32(0);
  const start = writer.length;
  const sections = [resolution.answers, resolution.authorities, resolution.additionals];
  for (const section of sections) {
    for (const record of section) writeRecord(writer, record, timeScale);
  }
  return {
    word: resolution.rcode | (resolution.authoritative ? flags.AA : 0),
    counts: [
      resolution.answers.length,
      resolution.authorities.length,
      resolution.additionals.length,
    ],
    bytes: Buffer.from(writer.finish().subarray(start)),
    location: resolution.location,
    cidrScope: resolution.cidrScope,
  };
}

function writeRecord(writer: DnsWriter, record: AnswerRecord, timeScale: number): void {
  writer.name(record.name);
  writer.u16(record.type);
  writer.u16(classes.IN);
  writer.u32(scaledTtl(record.ttl, timeScale));
  const lengthAt = writer.length;
  writer.u16(0);
  if (compressible.has(record.type)) writer.name(Buffer.from(record.data).toString('latin1'));
  else writer.raw(record.data);
  writer.patchU16(lengthAt, writer.length - lengthAt - 2);
}

/** The body of one record at the question's own name; undefined where its data is compressed. */
export function soleBody(type: number, sole: SoleValue, timeScale: number): Body | undefined {
  if (compressible.has(type)) return undefined;
  const length = sole.end - sole.start;
  const bytes = Buffer.allocUnsafe(12 + length);
  bytes[0] = 0xc0;
  bytes[1] = 12;
  bytes.writeUInt16BE(type, 2);
  bytes.writeUInt16BE(classes.IN, 4);
  bytes.writeUInt32BE(scaledTtl(sole.ttl, timeScale), 6);
  bytes.writeUInt16BE(length, 10);
  for (let i = 0; i < length; i++) bytes[12 + i] = sole.bytes[sole.start + i] ?? 0;
  return { word: flags.AA, counts: [1, 0, 0], bytes, location: false, cidrScope: 0 };
}

/** Types whose data is one name that may be compressed (RFC 3597 §4). */
const compressible: ReadonlySet<number> = new Set([types.NS, types.CNAME, types.PTR]);

/** A TTL as it goes out: divided by the time scale, but no less than a second. */
function scaledTtl(ttl: number, timeScale: number): number {
  return ttl === 0 ? 0 : Math.max(1, Math.floor(ttl / timeScale));
}

/** The answer to one query. */
export function respond(query: Query, body: Body, tcp: boolean, places: ClientPlaces): Buffer {
  const opt = query.edns ? optFor(query, body, places) : undefined;
  const optLength = opt?.length ?? 0;
  const limit = tcp ? 65535 : Math.min(query.payloadSize, maxUdpOctets);
  const { questionEnd } = query;
  let { bytes, counts } = body;
  let word = body.word | flags.QR;
  if (questionEnd + bytes.length + optLength > limit) {
    bytes = refused.bytes;
    counts = refused.counts;
    word |= flags.TC;
  }
  const out = Buffer.allocUnsafe(questionEnd + bytes.length + optLength);
  query.bytes.copy(out, 0, 0, questionEnd);
  const asked = query.bytes.readUInt16BE(2);
  out.writeUInt16BE(word | (asked & (flags.RD | flags.CD)), 2);
  out.writeUInt16BE(counts[0], 6);
  out.writeUInt16BE(counts[1], 8);
  out.writeUInt16BE(counts[2] + (opt === undefined ? 0 : 1), 10);
  bytes.copy(out, questionEnd);
  opt?.copy(out, questionEnd + bytes.length);
  return out;
}

/** OPT records without options, by DNSSEC-OK bit: nearly all there are. */
const plainOpt: readonly [Buffer, Buffer] = [optRecord(false, 0), optRecord(true, 0)];

function optRecord(dnssecOk: boolean, extendedRcode: number): Buffer {
  const writer = new DnsWriter(11);
  const edns = { udpPayloadSize: maxUdpOctets, extendedRcode, version: 0, dnssecOk, options: [] };
  writeEdns(writer, edns, extendedRcode);
  return writer.finish();
}

function optFor(query: Query, body: Body, places: ClientPlaces): Buffer {
  if (query.ednsVersion > 0) return optRecord(query.dnssecOk, rcodes.BADVERS >>> 4);
  const plain = plainOpt[query.dnssecOk ? 1 : 0];
  if (query.subnet === undefined) return plain;
  const subnet = query.subnet;
  const data = serializeClientSubnet({
    ...subnet,
    scopePrefix: places.scopeOf(subnet, body.location, body.cidrScope),
  });
  const out = Buffer.allocUnsafe(plain.length + 4 + data.length);
  plain.copy(out);
  out.writeUInt16BE(4 + data.length, plain.length - 2);
  out.writeUInt16BE(8, plain.length);
  out.writeUInt16BE(data.length, plain.length + 2);
  out.set(data, plain.length + 4);
  return out;
}
