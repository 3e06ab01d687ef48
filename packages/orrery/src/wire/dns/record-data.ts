/**
 * Record data (RDATA): wire form ↔ presentation text, by one table of fields per type.
 *
 * Invariants:
 *  D1  `parseData` and `expandData` give valid data of the type or throw `DnsFormatError`.
 *  D2  `parseData(type, dataText(type, data))` equals `data` for valid data of every type. What is
 *      not of its type, or of no type in the table, shows in the form of RFC 3597, `\# 2 abcd`.
 */
import { hexDecode, hexEncode } from '../../stdx/bytes.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../stdx/ip.ts';
import { DnsFormatError, types } from './constants.ts';
import {
  type Cursor,
  type EscapeBase,
  nameText,
  parseName,
  quoted,
  readEscape,
  readName,
  type WireName,
} from './name.ts';
import { parseServiceParameters, serviceParametersText } from './service-binding.ts';
import { DnsWriter } from './writer.ts';

type Field =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'ipv4'
  | 'ipv6'
  | 'name'
  | 'string'
  | 'strings'
  | 'hex'
  | 'tag'
  | 'value'
  | 'parameters';

const fieldsByType: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [types.A, ['ipv4']],
  [types.AAAA, ['ipv6']],
  [types.NS, ['name']],
  [types.CNAME, ['name']],
  [types.PTR, ['name']],
  [types.SOA, ['name', 'name', 'u32', 'u32', 'u32', 'u32', 'u32']],
  [types.MX, ['u16', 'name']],
  [types.TXT, ['strings']],
  [types.SPF, ['strings']],
  [types.SRV, ['u16', 'u16', 'u16', 'name']],
  [types.NAPTR, ['u16', 'u16', 'string', 'string', 'string', 'name']],
  [types.HINFO, ['string', 'string']],
  [types.DS, ['u16', 'u8', 'u8', 'hex']],
  [types.TLSA, ['u8', 'u8', 'u8', 'hex']],
  [types.SSHFP, ['u8', 'u8', 'hex']],
  [types.CAA, ['u8', 'tag', 'value']],
  [types.SVCB, ['u16', 'name', 'parameters']],
  [types.HTTPS, ['u16', 'name', 'parameters']],
]);

/** How many fields the text of a type has; undefined where it varies. */
export function fieldCount(type: number): number | undefined {
  const fields = fieldsByType.get(type);
  if (fields === undefined || fields.includes('strings') || fields.includes('parameters')) {
    return undefined;
  }
  return fields.length;
}

/** Reads record data up to the cursor's end and writes out its names. Throws `DnsFormatError`. */
export function expandData(type: number, cursor: Cursor): Uint8Array {
  const fields = fieldsByType.get(type);
  if (fields === undefined) return new Uint8Array(cursor.bytes.subarray(cursor.at, cursor.end));
  const start = cursor.at;
  let out: Uint8Array[] = [];
  let copied = start;
  for (const field of fields) {
    if (field === 'name') {
      const before = cursor.at;
      const name = readName(cursor);
      out.push(cursor.bytes.subarray(copied, before), Buffer.from(name, 'latin1'));
      copied = cursor.at;
    } else {
      skipField(field, cursor);
    }
  }
  if (cursor.at !== cursor.end) throw new DnsFormatError('octets follow the record data');
  if (copied < cursor.end) out = [...out, cursor.bytes.subarray(copied, cursor.end)];
  return new Uint8Array(Buffer.concat(out));
}

const fixedOctets: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, ipv4: 4, ipv6: 16 };

function skipField(field: Field, cursor: Cursor): void {
  const { bytes, end } = cursor;
  const fixed = fixedOctets[field];
  if (fixed !== undefined) cursor.at += fixed;
  else if (field === 'string') cursor.at += 1 + (bytes[cursor.at] ?? 0);
  else if (field === 'tag') {
    const length = bytes[cursor.at] ?? 0;
    if (length === 0) throw new DnsFormatError('empty CAA tag');
    cursor.at += 1 + length;
  } else if (field === 'strings') {
    if (cursor.at === end) throw new DnsFormatError('text record without a string');
    while (cursor.at < end) cursor.at += 1 + (bytes[cursor.at] ?? 0);
  } else if (field === 'parameters') {
    serviceParametersText(bytes.subarray(cursor.at, end));
    cursor.at = end;
  } else {
    if (field === 'hex' && cursor.at >= end) throw new DnsFormatError('digest is absent');
    cursor.at = Math.max(cursor.at, end);
  }
  if (cursor.at > end) throw new DnsFormatError('record data is too short');
}

/** Presentation text of record data in wire form. Never throws: bad data shows as RFC 3597. */
export function dataText(type: number, data: Uint8Array, base: EscapeBase = 10): string {
  const fields = fieldsByType.get(type);
  const bytes = Buffer.from(data);
  const generic = `\\# ${data.length}${data.length === 0 ? '' : ` ${hexEncode(data)}`}`;
  if (fields === undefined) return generic;
  try {
    const cursor: Cursor = { bytes, at: 0, end: bytes.length };
    const parts = fields.map((field) => fieldText(field, cursor, base));
    return cursor.at === cursor.end ? parts.filter((part) => part !== '').join(' ') : generic;
  } catch (error) {
    if (error instanceof DnsFormatError) return generic;
    throw error;
  }
}

function fieldText(field: Field, cursor: Cursor, base: EscapeBase): string {
  const { bytes } = cursor;
  if (field === 'name') return nameText(readName(cursor), base);
  const at = cursor.at;
  skipField(field, cursor);
  const own = bytes.subarray(at, cursor.at);
  switch (field) {
    case 'u8':
      return own.readUInt8(0).toString();
    case 'u16':
      return own.readUInt16BE(0).toString();
    case 'u32':
      return own.readUInt32BE(0).toString();
    case 'ipv4':
      return formatIpv4(own.readUInt32BE(0));
    case 'ipv6':
      return formatIpv6(own);
    case 'hex':
      return own.toString('hex');
    case 'tag': {
      const tag = own.toString('latin1', 1);
      if (!/^[0-9A-Za-z]+$/.test(tag)) throw new DnsFormatError('CAA tag');
      return tag;
    }
    case 'value':
      return quoted(own.toString('latin1'), base);
    case 'parameters':
      return serviceParametersText(own, base);
    default:
      return stringsText(own, base);
  }
}

function stringsText(bytes: Buffer, base: EscapeBase): string {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; at += 1 + (bytes[at] ?? 0)) {
    texts.push(quoted(bytes.toString('latin1', at + 1, at + 1 + (bytes[at] ?? 0)), base));
  }
  return texts.join(' ');
}

/** One field of presentation text: `raw` still has its escapes, its quotation marks are gone. */
export interface Token {
  readonly raw: string;
  readonly quoted: boolean;
}

/** Splits presentation text at spaces outside quotation marks. Throws `DnsFormatError`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let raw = '';
  let inToken = false;
  let inQuotes = false;
  let wasQuoted = false;
  for (let i = 0; i <= text.length; i++) {
    const character = text.charAt(i);
    if (character === '"') {
      inQuotes = !inQuotes;
      wasQuoted = true;
      inToken = true;
    } else if (character === '\\') {
      raw += text.slice(i, i + 2);
      inToken = true;
      i++;
    } else if (!inQuotes && (character === '' || character === ' ' || character === '\t')) {
      if (inToken) tokens.push({ raw, quoted: wasQuoted });
      raw = '';
      inToken = false;
      wasQuoted = false;
    } else {
      if (character === '') throw new DnsFormatError('quotation mark is not closed');
      raw += character;
      inToken = true;
    }
  }
  return tokens;
}

/** The octets of a token: escapes resolved. Throws `DnsFormatError`. */
export function unescapeToken(raw: string, base: EscapeBase): string {
  let octets = '';
  for (let i = 0; i < raw.length; ) {
    const code = raw.charCodeAt(i);
    if (code === 0x5c) {
      const [octet, next] = readEscape(raw, i + 1, base);
      octets += String.fromCharCode(octet);
      i = next;
    } else {
      if (code < 0x20 || code > 0x7e) throw new DnsFormatError(`character ${code} unescaped`);
      octets += raw.charAt(i);
      i++;
    }
  }
  return octets;
}

/** Wire form of record data in presentation text. Throws `DnsFormatError`. */
export function parseData(type: number, text: string, base: EscapeBase = 10): Uint8Array {
  const tokens = tokenize(text);
  const fields = fieldsByType.get(type);
  if (tokens[0]?.raw === '\\#') return parseGeneric(type, tokens);
  if (fields === undefined) throw new DnsFormatError(`no text form for type ${type}`);
  const writer = new DnsWriter(64);
  let next = 0;
  for (const field of fields) {
    if (field === 'strings' || field === 'hex' || field === 'parameters') {
      writeRest(field, tokens.slice(next), writer, base);
      next = tokens.length;
    } else {
      const token = tokens[next++];
      if (token === undefined) throw new DnsFormatError('value has too few fields');
      writeField(field, token, writer, base);
    }
  }
  if (next < tokens.length) throw new DnsFormatError('value has too many fields');
  if (writer.length > 65535) throw new DnsFormatError('record data of more than 65,535 octets');
  return new Uint8Array(writer.finish());
}

function parseGeneric(type: number, tokens: readonly Token[]): Uint8Array {
  const bytes = hexDecode(
    tokens
      .slice(2)
      .map(({ raw }) => raw)
      .join(''),
  );
  if (bytes === undefined || String(bytes.length) !== tokens[1]?.raw || bytes.length > 65535) {
    throw new DnsFormatError('generic record data: length and digits differ');
  }
  const copy = new Uint8Array(bytes);
  return expandData(type, { bytes: Buffer.from(copy.buffer), at: 0, end: copy.length });
}

function writeField(field: Field, token: Token, writer: DnsWriter, base: EscapeBase): void {
  const { raw } = token;
  switch (field) {
    case 'u8':
      writer.u8(integer(raw, 255));
      return;
    case 'u16':
      writer.u16(integer(raw, 65535));
      return;
    case 'u32':
      writer.u32(integer(raw, 4294967295));
      return;
    case 'ipv4': {
      const value = parseIpv4(raw);
      if (value === undefined) throw new DnsFormatError(`no IPv4 address: ${raw}`);
      writer.u32(value);
      return;
    }
    case 'ipv6': {
      const value = parseIpv6(raw);
      if (value === undefined) throw new DnsFormatError(`no IPv6 address: ${raw}`);
      writer.raw(value);
      return;
    }
    case 'name':
      writer.latin1(parseName(raw, base));
      return;
    case 'tag':
      if (!/^[0-9A-Za-z]{1,255}$/.test(raw)) throw new DnsFormatError(`no CAA tag: ${raw}`);
      writeString(raw, writer);
      return;
    case 'value':
      writer.latin1(unescapeToken(raw, base));
      return;
    default:
      writeString(unescapeToken(raw, base), writer);
  }
}

function writeRest(
  field: 'strings' | 'hex' | 'parameters',
  tokens: readonly Token[],
  writer: DnsWriter,
  base: EscapeBase,
): void {
  if (field === 'parameters') {
    writer.raw(parseServiceParameters(tokens.map(({ raw }) => unescapeToken(raw, base))));
    return;
  }
  if (tokens.length === 0) throw new DnsFormatError('value has too few fields');
  if (field === 'strings') {
    for (const { raw } of tokens) writeString(unescapeToken(raw, base), writer);
    return;
  }
  const bytes = hexDecode(tokens.map(({ raw }) => raw).join(''));
  if (bytes === undefined) throw new DnsFormatError('value is not hexadecimal');
  writer.raw(bytes);
}

function writeString(octets: string, writer: DnsWriter): void {
  if (octets.length > 255) throw new DnsFormatError('character string of more than 255 octets');
  writer.u8(octets.length);
  writer.latin1(octets);
}

function integer(raw: string, max: number): number {
  const value = /^\d{1,10}$/.test(raw) ? Number(raw) : Number.NaN;
  if (!(value <= max)) throw new DnsFormatError(`no number up to ${max}: ${raw.slice(0, 32)}`);
  return value;
}

/** The data of a type whose only field is a name. */
export function nameData(name: WireName): Uint8Array {
  return new Uint8Array(Buffer.from(name, 'latin1'));
}
