/**
 * Owns: a bounded cache of what parsers made of texts: an application sends the same few expressions
 * over and over.
 *
 * N1  At most `entriesMax` entries; the least recently used goes first.
 * N2  What failed to parse is not kept.
 */
const entriesMax = 1000;

/** The same function, remembering its results by text. */
export function remembering<T>(parse: (text: string) => T): (text: string) => T {
  const entries = new Map<string, T>();
  return (text) => {
    const known = entries.get(text);
    if (known !== undefined) {
      if (entries.size > entriesMax / 2) {
        entries.delete(text);
        entries.set(text, known);
      }
      return known;
    }
    const parsed = parse(text);
    entries.set(text, parsed);
    if (entries.size > entriesMax) {
      const oldest = entries.keys().next();
      if (!oldest.done) entries.delete(oldest.value);
    }
    return parsed;
  };
}
