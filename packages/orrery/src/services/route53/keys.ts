/**
 * Keys of both planes' stores: parts of text, joined by a zero octet, which none of them holds.
 */
import { utf8Encode } from '../../stdx/bytes.ts';

/** A key, or with an empty last part the beginning of a range. */
export function keyOf(...parts: readonly string[]): Uint8Array {
  return utf8Encode(parts.join('\0'));
}

/** All keys that begin with these parts (whole ones). */
export function rangeOf(...parts: readonly string[]): { start: Uint8Array; end: Uint8Array } {
  const prefix = parts.join('\0');
  return { start: utf8Encode(`${prefix}\0`), end: utf8Encode(`${prefix}\x01`) };
}

/** The parts of a key. */
export function partsOf(key: Uint8Array): string[] {
  return Buffer.from(key).toString('utf8').split('\0');
}

/**
 * A name with its labels reversed, `com.example.www.`: the order of ListResourceRecordSets and
 * ListHostedZonesByName. The guide says that `!` to `-` come before the dot, so characters count
 * as they are and not as they are written (`*`, not `\052`); but a dot or a backslash inside a
 * label stays escaped, and so does what is not printable.
 */
export function reversedName(name: string): string {
  let reversed = '';
  let end = name.endsWith('.') ? name.length - 1 : name.length;
  for (let dot = end; dot !== -1; end = dot) {
    dot = end === 0 ? -1 : name.lastIndexOf('.', end - 1);
    reversed += `${name.slice(dot + 1, end)}.`;
  }
  if (!reversed.includes('\\')) return reversed;
  return reversed.replace(/\\([0-7]{3})/g, (written, octal: string) => {
    const octet = Number.parseInt(octal, 8);
    const isPlain = octet > 0x20 && octet < 0x7f && octet !== 0x2e && octet !== 0x5c;
    return isPlain ? String.fromCharCode(octet) : written;
  });
}
