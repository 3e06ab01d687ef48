/**
 * Parameters of SVCB and HTTPS records (RFC 9460 §2): wire form ↔ text. Keys ascend in wire form
 * and none stands twice; a value is checked by its key.
 */
import { base64Decode, base64Encode } from '../../stdx/bytes.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../stdx/ip.ts';
import { DnsFormatError } from './constants.ts';
import { type EscapeBase, quoted } from './name.ts';

const keyNames = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
];

function keyOf(name: string): number {
  const known = keyNames.indexOf(name);
  if (known >= 0) return known;
  const match = /^key(0|[1-9]\d{0,4})$/.exec(name);
  const key = match === null ? Number.NaN : Number(match[1]);
  if (!(key < 65535)) throw new DnsFormatError(`unknown service parameter ${name.slice(0, 32)}`);
  return key;
}

function nameOf(key: number): string {
  return keyNames[key] ?? `key${key}`;
}

/** Wire form of `key=value` tokens, in any order. Throws `DnsFormatError`. */
export function parseServiceParameters(tokens: readonly string[]): Uint8Array {
  const values = new Map<number, Uint8Array>();
  for (const token of tokens) {
    const cut = token.indexOf('=');
    const key = keyOf(cut < 0 ? token : token.slice(0, cut));
    if (values.has(key)) throw new DnsFormatError(`service parameter ${nameOf(key)} stands twice`);
    values.set(key, bytesOf(key, cut < 0 ? '' : token.slice(cut + 1)));
  }
  const parts: Uint8Array[] = [];
  for (const [key, value] of [...values].sort((a, b) => a[0] - b[0])) {
    parts.push(u16(key), u16(value.length), value);
  }
  const bytes = Buffer.concat(parts);
  serviceParametersText(bytes);
  return bytes;
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 255);
}

function bytesOf(key: number, text: string): Uint8Array {
  const items = text === '' ? [] : text.split(',');
  switch (nameOf(key)) {
    case 'mandatory':
      return Buffer.concat(
        items
          .map(keyOf)
          .sort((a, b) => a - b)
          .map(u16),
      );
    case 'alpn':
      return Buffer.concat(items.flatMap((item) => [Uint8Array.of(item.length), latin1(item)]));
    case 'port': {
      const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
      if (!(port <= 65535)) throw new DnsFormatError('port of a service parameter');
      return u16(port);
    }
    case 'ipv4hint':
      return Buffer.concat(
        items.map((item) => {
          const value = parseIpv4(item);
          if (value === undefined) throw new DnsFormatError('ipv4hint is no address');
          return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
        }),
      );
    case 'ipv6hint':
      return Buffer.concat(
        items.map((item) => {
          const value = parseIpv6(item);
          if (value === undefined) throw new DnsFormatError('ipv6hint is no address');
          return value;
        }),
      );
    case 'ech': {
      const value = base64Decode(text);
      if (value === undefined || text === '') throw new DnsFormatError('ech is not base64');
      return value;
    }
    default:
      return latin1(text);
  }
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Text of parameters in wire form: `alpn="h2,h3" port=8443`. Throws `DnsFormatError`. */
export function serviceParametersText(data: Uint8Array, base: EscapeBase = 10): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const texts: string[] = [];
  let previous = -1;
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw new DnsFormatError('service parameter runs past the end');
    const key = bytes.readUInt16BE(at);
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) throw new DnsFormatError('service parameter runs past the end');
    if (key <= previous) throw new DnsFormatError('service parameters are not in order');
    texts.push(parameterText(key, bytes.subarray(at + 4, end), base));
    previous = key;
    at = end;
  }
  return texts.join(' ');
}

function parameterText(key: number, value: Buffer, base: EscapeBase): string {
  const name = nameOf(key);
  const chunks = (size: number): Buffer[] => {
    if (value.length === 0 || value.length % size !== 0) {
      throw new DnsFormatError(`${name} has the wrong length`);
    }
    return Array.from({ length: value.length / size }, (_, i) =>
      value.subarray(i * size, (i + 1) * size),
    );
  };
  switch (name) {
    case 'mandatory':
      return `${name}=${chunks(2)
        .map((chunk) => nameOf(chunk.readUInt16BE(0)))
        .join(',')}`;
    case 'alpn':
      return `${name}=${quoted(alpnItems(value).join(','), base)}`;
    case 'no-default-alpn':
    case 'ohttp':
      if (value.length > 0) throw new DnsFormatError(`${name} takes no value`);
      return name;
    case 'port':
      if (value.length !== 2) throw new DnsFormatError('port has the wrong length');
      return `${name}=${value.readUInt16BE(0)}`;
    case 'ipv4hint':
      return `${name}=${chunks(4)
        .map((chunk) => formatIpv4(chunk.readUInt32BE(0)))
        .join(',')}`;
    case 'ipv6hint':
      return `${name}=${chunks(16).map(formatIpv6).join(',')}`;
    case 'ech':
      if (value.length === 0) throw new DnsFormatError('ech is empty');
      return `${name}=${base64Encode(value)}`;
    default:
      return value.length === 0 ? name : `${name}=${quoted(value.toString('latin1'), base)}`;
  }
}

/** Protocol names; one with a comma has no text form here and is refused. */
function alpnItems(value: Buffer): string[] {
  const items: string[] = [];
  for (let at = 0; at < value.length; ) {
    const end = at + 1 + (value[at] ?? 0);
    const item = value.toString('latin1', at + 1, end);
    if (end > value.length || item === '' || item.includes(',')) {
      throw new DnsFormatError('alpn is malformed');
    }
    items.push(item);
    at = end;
  }
  if (items.length === 0) throw new DnsFormatError('alpn is empty');
  return items;
}
