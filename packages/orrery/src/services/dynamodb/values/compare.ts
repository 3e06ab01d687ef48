/**
 * Owns: equality and order of checked values. Pure.
 *
 * E1  Values of different types are neither equal nor ordered.
 * E2  Texts order by their UTF-8 bytes, which is not the order of JavaScript's strings.
 */
import { type AttributeMap, type AttributeValue, member, typeOf } from './attribute-value.ts';
import { compareDecimals, isPlainInteger, parseDecimal, zero } from './decimal.ts';

/** Negative, zero or positive; undefined where the two have no order. */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.S !== undefined && b.S !== undefined) return compareTexts(a.S, b.S);
  if (a.N !== undefined && b.N !== undefined) return compareNumbers(a.N, b.N);
  if (a.B !== undefined && b.B !== undefined) {
    return Buffer.compare(Buffer.from(a.B, 'base64'), Buffer.from(b.B, 'base64'));
  }
  return undefined;
}

/** Order of two texts by their UTF-8 bytes. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a character beyond all of the others.
    return x >= 0xd800 && y >= 0xd800 ? rank(x) - rank(y) : x - y;
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Order of two numbers in normal form. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  if (isPlainInteger(a) && isPlainInteger(b)) return Number(a) - Number(b);
  return compareDecimals(parseDecimal(a) ?? zero, parseDecimal(b) ?? zero);
}

/** Equality in depth: sets without regard to order, numbers by their normal form. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (b[type] === undefined) return false;
  switch (type) {
    case 'M':
      return equalMaps(a.M ?? {}, b.M ?? {});
    case 'L':
      return equalLists(a.L ?? [], b.L ?? []);
    case 'SS':
    case 'NS':
    case 'BS':
      return equalSets(a[type] ?? [], b[type] ?? []);
    default:
      return a[type] === b[type];
  }
}

export function equalMaps(a: AttributeMap, b: AttributeMap): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [x, y] = [member(a, name), member(b, name)];
    return x !== undefined && y !== undefined && equalValues(x, y);
  });
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((element, i) => {
    const other = b[i];
    return other !== undefined && equalValues(element, other);
  });
}

function equalSets(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  const members = new Set(a);
  return b.every((element) => members.has(element));
}
