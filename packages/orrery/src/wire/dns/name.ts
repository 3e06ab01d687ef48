/**
 * Domain names. Inside Orrery a name is a `WireName`: the octets of its uncompressed wire form,
 * one character (0-255) each, root included: `'\x03www\x07example\x00'`. It is a string, so it is
 * a Map key; cutting a label off is `slice`; nothing in it needs an escape.
 *
 * Owns: wire form ↔ text, comparison, compression pointers.
 *
 * Invariants:
 *  N1  Labels have 1 to 63 octets, names at most 255; both directions check it.
 *  N2  A compression pointer must lead backwards, before the run of labels it ends: reading stops.
 *  N3  ASCII letters alone are folded: a wire name is not text (RFC 4343).
 */
import { DnsFormatError } from './constants.ts';

export type WireName = string;

export const rootName: WireName = '\0';

const maxNameOctets = 255;
/** A name has at most 127 labels, so no honest writer needs more pointers. */
const maxHops = 127;

/** How octets that need an escape are written: `\046` in RFC 1035, `\056` by Route 53. */
export type EscapeBase = 8 | 10;

/**
 * The wire form of a name in text; a missing final dot makes no difference. `\.` is a dot inside a
 * label and `\DDD` an octet by its number in the given base. Throws `DnsFormatError`.
 */
export function parseName(text: string, base: EscapeBase = 10): WireName {
  if (text === '.') return rootName;
  let wire = '';
  let label = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      wire += finishLabel(label, text);
      label = '';
    } else if (code === 0x5c) {
      const [octet, next] = readEscape(text, i + 1, base);
      label += String.fromCharCode(octet);
      i = next - 1;
    } else if (code <= 0x20 || code >= 0x7f) {
      throw new DnsFormatError(`character ${code} in a name must be escaped`);
    } else {
      label += text.charAt(i);
    }
  }
  if (label !== '' || wire === '') wire += finishLabel(label, text);
  if (wire.length + 1 > maxNameOctets) throw new DnsFormatError('name of more than 255 octets');
  return `${wire}\0`;
}

function finishLabel(label: string, text: string): string {
  if (label === '') throw new DnsFormatError(`empty label in "${text.slice(0, 64)}"`);
  if (label.length > 63) throw new DnsFormatError('label of more than 63 octets');
  return String.fromCharCode(label.length) + label;
}

/** What stands behind a backslash: three digits, or one character taken as it is. */
export function readEscape(
  text: string,
  at: number,
  base: EscapeBase,
): [octet: number, next: number] {
  const digits = text.slice(at, at + 3);
  if (/^[0-9]{3}$/.test(digits)) {
    const octet = Number.parseInt(digits, base);
    if (octet > 255 || (base === 8 && /[89]/.test(digits))) {
      throw new DnsFormatError(`escape \\${digits} is no octet`);
    }
    return [octet, at + 3];
  }
  const code = text.charCodeAt(at);
  if (Number.isNaN(code) || code > 0x7e || code < 0x20) {
    throw new DnsFormatError('backslash without a character');
  }
  return [code, at + 1];
}

/**
 * Text of a name, with a final dot. In base 10 (zone files, `dig`) special characters stand behind
 * a backslash; in base 8 (Route 53) everything but letters, digits, `-` and `_` is a number.
 */
export function nameText(name: WireName, base: EscapeBase = 10): string {
  if (name.length <= 1) return '.';
  let text = '';
  let at = 0;
  for (let length = name.charCodeAt(0); length > 0; length = name.charCodeAt(at)) {
    const label = name.slice(at + 1, at + 1 + length);
    text += /^[A-Za-z0-9_-]+$/.test(label) ? `${label}.` : `${escapeLabel(label, base)}.`;
    at += 1 + length;
  }
  return text;
}

function escapeLabel(label: string, base: EscapeBase): string {
  let text = '';
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    const character = label.charAt(i);
    if (/[A-Za-z0-9_-]/.test(character)) text += character;
    else if (base === 8) text += `\\${code.toString(8).padStart(3, '0')}`;
    else if (code <= 0x20 || code >= 0x7f) text += `\\${code.toString().padStart(3, '0')}`;
    else text += '."$;@()\\'.includes(character) ? `\\${character}` : character;
  }
  return text;
}

/** A character string in quotation marks; octets outside printable ASCII by their number. */
export function quoted(octets: string, base: EscapeBase): string {
  const text = octets.replace(/[^\x20-\x7e]|["\\]/g, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    return `\\${character.charCodeAt(0).toString(base).padStart(3, '0')}`;
  });
  return `"${text}"`;
}

/** The name with its ASCII letters in lower case. Length octets are below `A`, so none changes. */
export function lowerName(name: WireName): WireName {
  if (!/[A-Z]/.test(name)) return name;
  // `toLowerCase` would also fold octets above 127, which are no letters here.
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The name without its first label; the root has none. */
export function parentName(name: WireName): WireName | undefined {
  return name.length <= 1 ? undefined : name.slice(1 + name.charCodeAt(0));
}

/** Whether a name is another, or lies below it. Both in lower case. */
export function isAtOrBelow(name: WireName, ancestor: WireName): boolean {
  if (!name.endsWith(ancestor)) return false;
  // The suffix must begin at a label: walk there.
  const start = name.length - ancestor.length;
  let at = 0;
  while (at < start) at += 1 + name.charCodeAt(at);
  return at === start;
}

/** Labels of a name from left to right. */
export function labelsOf(name: WireName): string[] {
  const labels: string[] = [];
  let at = 0;
  for (let length = name.charCodeAt(0); length > 0; length = name.charCodeAt(at)) {
    labels.push(name.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return labels;
}

/** Position in a message. One per message parsed, so that reading allocates nothing else. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

/** Reads a name at the cursor, following compression pointers. Throws `DnsFormatError`. */
export function readName(cursor: Cursor): WireName {
  const { bytes, end } = cursor;
  let at = cursor.at;
  let runStart = at;
  let name = '';
  let jumped = false;
  let hops = 0;
  for (;;) {
    if (at >= end) throw new DnsFormatError('name runs past the end');
    const length = bytes[at] ?? 0;
    if (length === 0 || length >= 0xc0) {
      if (at > runStart) name += bytes.toString('latin1', runStart, at);
      if (!jumped) cursor.at = at + (length === 0 ? 1 : 2);
      if (name.length + 1 > maxNameOctets) throw new DnsFormatError('name of more than 255 octets');
      if (length === 0) return `${name}\0`;
      if (at + 1 >= end) throw new DnsFormatError('pointer runs past the end');
      const target = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      if (target >= runStart) throw new DnsFormatError('compression pointer does not lead back');
      if (++hops > maxHops) throw new DnsFormatError('too many compression pointers');
      at = target;
      runStart = target;
      jumped = true;
    } else {
      if (length > 63) throw new DnsFormatError('label type that does not exist');
      at += 1 + length;
      if (at - runStart + name.length > maxNameOctets) {
        throw new DnsFormatError('name of more than 255 octets');
      }
    }
  }
}
