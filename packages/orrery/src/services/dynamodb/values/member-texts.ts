/**
 * Owns: finding attributes in the text of an item without parsing it. Pure.
 *
 * N1  The text is one that `JSON.stringify` has made: no white space, names escaped in its one way.
 */
const quote = 34;
const backslash = 92;

/** JSON of an object with those attributes of the item, in the order of the names, as far as there. */
export function memberTexts(json: string, names: readonly string[]): string {
  const quoted = names.map((name) => JSON.stringify(name));
  const found: string[] = [];
  let missing = names.length;
  for (let at = 1; missing > 0 && json.charCodeAt(at) === quote; ) {
    const nameEnd = endOfText(json, at);
    const end = endOfValue(json, nameEnd + 1);
    const index = quoted.findIndex(
      (name) => name.length === nameEnd - at && json.startsWith(name, at),
    );
    if (index !== -1) {
      found[index] = json.slice(at, end);
      missing -= 1;
    }
    at = end + 1;
  }
  return `{${found.filter((text) => text !== undefined).join(',')}}`;
}

/** Behind the text that begins there. */
function endOfText(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(json: string, at: number): boolean {
  let before = at - 1;
  while (json.charCodeAt(before) === backslash) before -= 1;
  return (at - before) % 2 === 0;
}

/** Behind the attribute value, an object, that begins there. */
function endOfValue(json: string, start: number): number {
  let depth = 0;
  for (let at = start; ; ) {
    switch (json.charCodeAt(at)) {
      case quote:
        at = endOfText(json, at);
        continue;
      case 123: // {
      case 91: // [
        depth += 1;
        break;
      case 125: // }
      case 93: // ]
        depth -= 1;
        if (depth === 0) return at + 1;
        break;
    }
    at += 1;
  }
}
