/**
 * Owns: keys of an ordered store that are plain text, and the range of all that begin alike.
 * Refuses to own: keys that must order as numbers or attribute values do.
 */

export function textKey(text: string): Uint8Array {
  return Buffer.from(text);
}

/** From the first to behind the last key that begins with `prefix`, which ends in ASCII. */
export function prefixRange(prefix: string): { start: Uint8Array; end: Uint8Array } {
  const start = Buffer.from(prefix);
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
  return { start, end };
}
