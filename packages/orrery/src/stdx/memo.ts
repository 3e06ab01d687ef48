/**
 * Remembers what a pure function gave for its latest arguments. Owns the bound: two generations of
 * entries, of which the older is dropped when the younger is full, so what is used stays.
 */
export function remember<V>(compute: (key: string) => V, generation: number): (key: string) => V {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  return (key) => {
    const known = young.get(key);
    if (known !== undefined) return known;
    const value = old.get(key) ?? compute(key);
    if (young.size >= generation) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
    return value;
  };
}
