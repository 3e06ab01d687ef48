/**
 * Owns: sizes of values as DynamoDB counts and bills them. Pure.
 *
 * A number takes one byte, and one for each pair of digits (aligned on the decimal point), and one
 * for a minus sign; a list or map 3 bytes and one for each entry.
 */
import type { AttributeMap, AttributeValue } from './attribute-value.ts';

export const attributeSize = {
  text: (text: string): number => Buffer.byteLength(text),
  binary: (base64: string): number => {
    const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
    return (base64.length / 4) * 3 - padding;
  },
  number: (normal: string): number => {
    if (normal === '0') return 1;
    const negative = normal.charCodeAt(0) === 45 ? 1 : 0;
    const point = normal.indexOf('.');
    if (point === -1) return 1 + negative + integerPairs(normal, negative);
    const whole = point - negative;
    const fraction = normal.length - point - 1;
    if (normal.charCodeAt(negative) !== 48) {
      return 1 + negative + ((whole + 1) >> 1) + ((fraction + 1) >> 1);
    }
    let zeros = 0;
    while (normal.charCodeAt(point + 1 + zeros) === 48) zeros += 1;
    return 1 + negative + ((fraction + 1) >> 1) - (zeros >> 1);
  },
};

/** Pairs of an integer without those that are all zeros at its end. */
function integerPairs(normal: string, start: number): number {
  const digits = normal.length - start;
  let zeros = 0;
  while (normal.charCodeAt(normal.length - 1 - zeros) === 48) zeros += 1;
  return ((digits + 1) >> 1) - (zeros >> 1);
}

/** Size of a checked item: names and values. */
export function itemSize(item: AttributeMap): number {
  let size = 0;
  for (const name in item) {
    size += Buffer.byteLength(name) + valueSize(item[name] as AttributeValue);
  }
  return size;
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return attributeSize.text(value.S);
  if (value.N !== undefined) return attributeSize.number(value.N);
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemSize(value.M);
  if (value.L !== undefined) {
    let size = 3 + value.L.length;
    for (const element of value.L) size += valueSize(element);
    return size;
  }
  if (value.B !== undefined) return attributeSize.binary(value.B);
  if (value.SS !== undefined) return total(value.SS, attributeSize.text);
  if (value.NS !== undefined) return total(value.NS, attributeSize.number);
  if (value.BS !== undefined) return total(value.BS, attributeSize.binary);
  return 1;
}

function total(elements: readonly string[], size: (element: string) => number): number {
  let sum = 0;
  for (const element of elements) sum += size(element);
  return sum;
}
