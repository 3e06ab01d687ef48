/**
 * Whole DNS messages, bytes ↔ values: for clients, health checkers, TestDNSAnswer and tests. The
 * server's hot path reads queries with `query.ts` instead.
 *
 * Invariants:
 *  M1  `parseMessage` returns a message or throws `DnsFormatError`; every count and length is
 *      checked against the bytes that are there; nothing may follow the message.
 *  M2  Record data is kept in wire form with its names written out, whatever was compressed.
 *  M3  `parseMessage(serializeMessage(m))` equals m.
 */
import { flags as bits, DnsFormatError, types } from './constants.ts';
import type { Edns, EdnsOption } from './edns.ts';
import { type Cursor, nameText, parseName, readName } from './name.ts';
import { expandData } from './record-data.ts';
import { DnsWriter } from './writer.ts';

export interface Question {
  /** Text with a final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  /** Wire form, names in it uncompressed. `dataText` of `record-data.ts` shows it. */
  readonly data: Uint8Array;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  /** The upper eight bits, where there are any, come from EDNS. */
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  /** Without the OPT record, which is `edns`. */
  readonly additionals: readonly ResourceRecord[];
  readonly edns: Edns | undefined;
}

/** A Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads one message. Throws `DnsFormatError`. */
export function parseMessage(packet: Uint8Array): DnsMessage {
  const bytes = asBuffer(packet);
  if (bytes.length < 12) throw new DnsFormatError('message of less than 12 octets');
  if (bytes.length > 65535) throw new DnsFormatError('message of more than 65,535 octets');
  const cursor: Cursor = { bytes, at: 12, end: bytes.length };
  const word = bytes.readUInt16BE(2);
  const questions: Question[] = [];
  for (let n = bytes.readUInt16BE(4); n > 0; n--) questions.push(readQuestion(cursor));
  let edns: Edns | undefined;
  const sections: ResourceRecord[][] = [];
  for (const countAt of [6, 8, 10]) {
    const records: ResourceRecord[] = [];
    for (let n = bytes.readUInt16BE(countAt); n > 0; n--) {
      const record = readRecord(cursor);
      if (record.type !== types.OPT) {
        records.push(record);
        continue;
      }
      if (countAt !== 10 || edns !== undefined || record.name !== '.') {
        throw new DnsFormatError('misplaced OPT record');
      }
      edns = ednsOf(record);
    }
    sections.push(records);
  }
  if (cursor.at !== cursor.end) throw new DnsFormatError('octets follow the message');
  const [answers = [], authorities = [], additionals = []] = sections;
  return {
    id: bytes.readUInt16BE(0),
    response: (word & bits.QR) !== 0,
    opcode: (word >>> 11) & 15,
    rcode: (word & 15) | ((edns?.extendedRcode ?? 0) << 4),
    authoritative: (word & bits.AA) !== 0,
    truncated: (word & bits.TC) !== 0,
    recursionDesired: (word & bits.RD) !== 0,
    recursionAvailable: (word & bits.RA) !== 0,
    questions,
    answers,
    authorities,
    additionals,
    edns,
  };
}

function readQuestion(cursor: Cursor): Question {
  const name = nameText(readName(cursor));
  if (cursor.at + 4 > cursor.end) throw new DnsFormatError('question runs past the end');
  const type = cursor.bytes.readUInt16BE(cursor.at);
  const cls = cursor.bytes.readUInt16BE(cursor.at + 2);
  cursor.at += 4;
  return { name, type, class: cls };
}

function readRecord(cursor: Cursor): ResourceRecord {
  const { bytes } = cursor;
  const name = nameText(readName(cursor));
  const at = cursor.at;
  if (at + 10 > cursor.end) throw new DnsFormatError('record runs past the end');
  const type = bytes.readUInt16BE(at);
  const length = bytes.readUInt16BE(at + 8);
  const end = at + 10 + length;
  if (end > cursor.end) throw new DnsFormatError('record data runs past the end');
  const data = expandData(type, { bytes, at: at + 10, end });
  cursor.at = end;
  return { name, type, class: bytes.readUInt16BE(at + 2), ttl: bytes.readUInt32BE(at + 4), data };
}

function ednsOf(record: ResourceRecord): Edns {
  return {
    udpPayloadSize: record.class,
    extendedRcode: record.ttl >>> 24,
    version: (record.ttl >>> 16) & 255,
    dnssecOk: (record.ttl & 0x8000) !== 0,
    options: parseEdnsOptions(record.data),
  };
}

/** The options of an OPT record's data. Throws `DnsFormatError`. */
export function parseEdnsOptions(data: Uint8Array): readonly EdnsOption[] {
  const options: EdnsOption[] = [];
  const bytes = asBuffer(data);
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw new DnsFormatError('EDNS option runs past the end');
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) throw new DnsFormatError('EDNS option runs past the end');
    options.push({
      code: bytes.readUInt16BE(at),
      data: new Uint8Array(bytes.subarray(at + 4, end)),
    });
    at = end;
  }
  return options;
}

/** The bytes of a message, names compressed. Throws `DnsFormatError` on names that are none. */
export function serializeMessage(message: DnsMessage): Uint8Array {
  const writer = new DnsWriter();
  const { edns } = message;
  writer.u16(message.id);
  writer.u16(
    (message.response ? bits.QR : 0) |
      ((message.opcode & 15) << 11) |
      (message.authoritative ? bits.AA : 0) |
      (message.truncated ? bits.TC : 0) |
      (message.recursionDesired ? bits.RD : 0) |
      (message.recursionAvailable ? bits.RA : 0) |
      (message.rcode & 15),
  );
  writer.u16(message.questions.length);
  writer.u16(message.answers.length);
  writer.u16(message.authorities.length);
  writer.u16(message.additionals.length + (edns === undefined ? 0 : 1));
  for (const question of message.questions) {
    writer.name(parseName(question.name));
    writer.u16(question.type);
    writer.u16(question.class);
  }
  for (const section of [message.answers, message.authorities, message.additionals]) {
    for (const record of section) writeRecord(writer, record);
  }
  if (edns !== undefined) writeEdns(writer, edns, message.rcode >>> 4);
  return writer.finish();
}

function writeRecord(writer: DnsWriter, record: ResourceRecord): void {
  writer.name(parseName(record.name));
  writer.u16(record.type);
  writer.u16(record.class);
  writer.u32(record.ttl);
  writer.u16(record.data.length);
  writer.raw(record.data);
}

/** Writes an OPT record. */
export function writeEdns(writer: DnsWriter, edns: Edns, extendedRcode: number): void {
  writer.u8(0);
  writer.u16(types.OPT);
  writer.u16(edns.udpPayloadSize);
  writer.u32(
    ((extendedRcode & 255) << 24) | ((edns.version & 255) << 16) | (edns.dnssecOk ? 0x8000 : 0),
  );
  writer.u16(edns.options.reduce((sum, option) => sum + 4 + option.data.length, 0));
  for (const option of edns.options) {
    writer.u16(option.code);
    writer.u16(option.data.length);
    writer.raw(option.data);
  }
}

export interface QueryOptions {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly recursionDesired?: boolean;
  readonly edns?: Partial<Edns>;
}

/** A query for one name, class IN. */
export function queryMessage(options: QueryOptions): DnsMessage {
  const { edns } = options;
  return {
    id: options.id,
    response: false,
    opcode: 0,
    rcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: options.recursionDesired ?? false,
    recursionAvailable: false,
    questions: [{ name: options.name, type: options.type, class: 1 }],
    answers: [],
    authorities: [],
    additionals: [],
    edns: edns && {
      udpPayloadSize: edns.udpPayloadSize ?? 1232,
      extendedRcode: 0,
      version: edns.version ?? 0,
      dnssecOk: edns.dnssecOk ?? false,
      options: edns.options ?? [],
    },
  };
}
