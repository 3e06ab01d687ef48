/**
 * Reading of queries on the server's hot path: the fields an authoritative server acts on, with
 * one object per query and no text. Owns which queries are malformed.
 *
 * Invariants:
 *  Q1  Never throws. Gives a query, the response code for a query that cannot be served, or
 *      undefined for what must not be answered at all (responses, and less than a header).
 *  Q2  Exactly one question (RFC 9619), in one run of labels; nothing after the last record.
 */
import { DnsFormatError, ednsOptions, flags, rcodes, types } from './constants.ts';
import { type ClientSubnet, parseClientSubnet } from './edns.ts';
import { asBuffer } from './message.ts';
import { type Cursor, lowerName, readName, type WireName } from './name.ts';

export interface Query {
  readonly bytes: Buffer;
  /** Where the question section ends: 12 octets of header before, four of type and class in it. */
  readonly questionEnd: number;
  /** In lower case. */
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
  /** Octets that the asker can take over UDP. */
  readonly payloadSize: number;
  readonly ednsVersion: number;
  /** Whether an OPT record stood in the query; then one stands in the answer. */
  readonly edns: boolean;
  readonly dnssecOk: boolean;
  readonly subnet: ClientSubnet | undefined;
  /** Text of the option by which our own tools say which zone is meant; see `SELECTOR`. */
  readonly selector: string | undefined;
}

const noEdns = {
  payloadSize: 512,
  ednsVersion: 0,
  edns: false,
  dnssecOk: false,
  subnet: undefined,
  selector: undefined,
};

type EdnsFields = Pick<
  Query,
  'payloadSize' | 'ednsVersion' | 'edns' | 'dnssecOk' | 'subnet' | 'selector'
>;

/** Reads a query; see Q1. */
export function readQuery(packet: Uint8Array): Query | number | undefined {
  const bytes = asBuffer(packet);
  const end = bytes.length;
  if (end < 12 || end > 65535) return undefined;
  if ((bytes.readUInt8(2) & 0x80) !== 0) return undefined;
  if (((bytes.readUInt8(2) >>> 3) & 15) !== 0) return rcodes.NOTIMP;
  if (bytes.readUInt16BE(4) !== 1) return rcodes.FORMERR;
  let at = 12;
  for (let length = bytes[at] ?? 64; length !== 0; length = bytes[at] ?? 64) {
    if (length > 63) return rcodes.FORMERR;
    at += 1 + length;
  }
  at++;
  if (at > 12 + 255 || at + 4 > end) return rcodes.FORMERR;
  const questionEnd = at + 4;
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  let fields: EdnsFields = noEdns;
  if (records > 0) {
    const read = readRecords(bytes, questionEnd, records);
    if (read === undefined) return rcodes.FORMERR;
    fields = read;
  } else if (questionEnd !== end) {
    return rcodes.FORMERR;
  }
  return {
    bytes,
    questionEnd,
    name: lowerName(bytes.toString('latin1', 12, at)),
    type: bytes.readUInt16BE(at),
    class: bytes.readUInt16BE(at + 2),
    payloadSize: fields.payloadSize,
    ednsVersion: fields.ednsVersion,
    edns: fields.edns,
    dnssecOk: fields.dnssecOk,
    subnet: fields.subnet,
    selector: fields.selector,
  };
}

/** Reads past all records and keeps what OPT says; undefined where they are malformed. */
function readRecords(bytes: Buffer, start: number, count: number): EdnsFields | undefined {
  const cursor: Cursor = { bytes, at: start, end: bytes.length };
  let fields: EdnsFields = noEdns;
  try {
    for (let n = 0; n < count; n++) {
      const isRoot = bytes[cursor.at] === 0;
      if (isRoot) cursor.at++;
      else readName(cursor);
      const at = cursor.at;
      if (at + 10 > cursor.end) return undefined;
      const dataEnd = at + 10 + bytes.readUInt16BE(at + 8);
      if (dataEnd > cursor.end) return undefined;
      if (bytes.readUInt16BE(at) === types.OPT) {
        if (!isRoot || fields.edns) return undefined;
        fields = {
          payloadSize: Math.max(512, bytes.readUInt16BE(at + 2)),
          ednsVersion: bytes.readUInt8(at + 5),
          edns: true,
          dnssecOk: (bytes.readUInt8(at + 6) & 0x80) !== 0,
          ...optionsIn(bytes, at + 10, dataEnd),
        };
      }
      cursor.at = dataEnd;
    }
  } catch (error) {
    if (error instanceof DnsFormatError) return undefined;
    throw error;
  }
  return cursor.at === cursor.end ? fields : undefined;
}

/** The options that count. Throws `DnsFormatError` on options that overlap. */
function optionsIn(bytes: Buffer, start: number, end: number): Pick<Query, 'subnet' | 'selector'> {
  let subnet: ClientSubnet | undefined;
  let selector: string | undefined;
  for (let at = start; at < end; ) {
    if (at + 4 > end) throw new DnsFormatError('EDNS option runs past the end');
    const next = at + 4 + bytes.readUInt16BE(at + 2);
    if (next > end) throw new DnsFormatError('EDNS option runs past the end');
    if (bytes.readUInt16BE(at) === ednsOptions.CLIENT_SUBNET) {
      if (subnet !== undefined) throw new DnsFormatError('two client subnets');
      subnet = parseClientSubnet(bytes.subarray(at + 4, next));
      if (subnet.scopePrefix !== 0) throw new DnsFormatError('client subnet with a scope');
    } else if (bytes.readUInt16BE(at) === ednsOptions.SELECTOR) {
      selector = bytes.toString('latin1', at + 4, next);
    }
    at = next;
  }
  return { subnet, selector };
}

/** A header alone: the answer to a query that could not be read. */
export function bareResponse(packet: Uint8Array, rcode: number): Buffer {
  const query = asBuffer(packet);
  const response = Buffer.alloc(12);
  query.copy(response, 0, 0, 2);
  response.writeUInt16BE(flags.QR | (query.readUInt16BE(2) & (0x7800 | flags.RD)) | rcode, 2);
  return response;
}
