/**
 * Owns: XML text to a tree of elements, as much of XML as AWS clients send. One pass, no regular
 * expression over the whole text.
 *
 *  M1  No document type, no entity but the five predefined ones and character numbers: nothing
 *      expands, nothing is fetched.
 *  M2  Depth and number of elements are bounded.
 *  M3  Element names lose their prefix; attribute names keep it.
 */
import type { Fail } from './errors.ts';

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All character data of this element itself, white space included. */
  readonly text: string;
}

interface Open {
  readonly qualified: string;
  readonly element: { -readonly [K in keyof XmlElement]: XmlElement[K] } & {
    readonly children: XmlElement[];
  };
}

const depthMax = 64;
const elementsMax = 200_000;
const noAttributes: ReadonlyMap<string, string> = new Map();

/** The root element. Throws what `fail` makes where the text is not well-formed, or not wanted. */
export function parseXml(text: string, fail: Fail): XmlElement {
  return new Parser(text, fail).document();
}

class Parser {
  private readonly text: string;
  private readonly fail: Fail;
  private readonly stack: Open[] = [];
  private root: XmlElement | undefined;
  private at = 0;
  private elements = 0;

  constructor(text: string, fail: Fail) {
    this.text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    this.fail = fail;
  }

  document(): XmlElement {
    while (this.at < this.text.length) {
      const tag = this.text.indexOf('<', this.at);
      this.characters(this.text.slice(this.at, tag === -1 ? this.text.length : tag));
      if (tag === -1) break;
      this.at = tag;
      this.markup();
    }
    if (this.stack.length > 0 || this.root === undefined) {
      throw this.fail('XML document structures must start and end within the same entity.');
    }
    return this.root;
  }

  private characters(raw: string): void {
    const open = this.stack.at(-1);
    if (open !== undefined) {
      if (raw !== '') open.element.text += this.unescape(raw);
    } else if (raw.trim() !== '') {
      throw this.fail('Content is not allowed outside of the root element.');
    }
  }

  private markup(): void {
    const { text, at } = this;
    if (text.startsWith('<!--', at)) {
      this.at = this.after('-->', at + 4);
    } else if (text.startsWith('<![CDATA[', at)) {
      const end = this.after(']]>', at + 9);
      const open = this.stack.at(-1);
      if (open === undefined)
        throw this.fail('Content is not allowed outside of the root element.');
      open.element.text += text.slice(at + 9, end - 3);
      this.at = end;
    } else if (text.startsWith('<?', at)) {
      this.at = this.after('?>', at + 2);
    } else if (text.startsWith('<!', at)) {
      throw this.fail('DOCTYPE is disallowed.');
    } else if (text.startsWith('</', at)) {
      this.close();
    } else {
      this.open();
    }
  }

  private after(end: string, from: number): number {
    const found = this.text.indexOf(end, from);
    if (found === -1) throw this.fail(`XML document ends before '${end}'.`);
    return found + end.length;
  }

  private close(): void {
    const end = this.after('>', this.at);
    const name = this.text.slice(this.at + 2, end - 1).trimEnd();
    const open = this.stack.pop();
    if (open === undefined || open.qualified !== name) {
      throw this.fail('The element type must be terminated by the matching end-tag.');
    }
    this.at = end;
  }

  private open(): void {
    const name = this.name(this.at + 1);
    let at = this.at + 1 + name.length;
    let attributes: Map<string, string> | undefined;
    for (;;) {
      const start = this.skipSpace(at);
      const code = this.text.charCodeAt(start);
      if (code === 0x3e || code === 0x2f) {
        const isEmpty = code === 0x2f;
        if (isEmpty && this.text.charCodeAt(start + 1) !== 0x3e) throw this.malformedTag();
        this.at = start + (isEmpty ? 2 : 1);
        this.push(name, attributes ?? noAttributes, isEmpty);
        return;
      }
      if (start === at) throw this.malformedTag();
      const key = this.name(start);
      const equals = this.skipSpace(start + key.length);
      const quoteAt = this.skipSpace(equals + 1);
      const quote = this.text[quoteAt];
      if (this.text[equals] !== '=' || (quote !== '"' && quote !== "'")) throw this.malformedTag();
      at = this.after(quote, quoteAt + 1);
      attributes ??= new Map();
      if (attributes.has(key)) throw this.malformedTag();
      attributes.set(key, this.unescape(this.text.slice(quoteAt + 1, at - 1)));
    }
  }

  private push(name: string, attributes: ReadonlyMap<string, string>, isEmpty: boolean): void {
    this.elements += 1;
    if (this.elements > elementsMax) throw this.fail('XML document has too many elements.');
    if (this.stack.length >= depthMax) throw this.fail('XML document is nested too deeply.');
    const colon = name.indexOf(':');
    const element = { name: name.slice(colon + 1), attributes, children: [], text: '' };
    const parent = this.stack.at(-1);
    if (parent !== undefined) parent.element.children.push(element);
    else if (this.root === undefined) this.root = element;
    else throw this.fail('XML document has more than one root element.');
    if (!isEmpty) this.stack.push({ qualified: name, element });
  }

  private name(from: number): string {
    let at = from;
    while (at < this.text.length && isNameCode(this.text.charCodeAt(at))) at += 1;
    if (at === from) throw this.malformedTag();
    return this.text.slice(from, at);
  }

  private skipSpace(from: number): number {
    let at = from;
    while (isSpace(this.text.charCodeAt(at))) at += 1;
    return at;
  }

  private unescape(raw: string): string {
    const text = raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw;
    if (!text.includes('&')) return text;
    return text.replace(/&([^;&\s]{0,12});|&/g, (_, name: string | undefined) => {
      const character = name === undefined ? undefined : characterOf(name);
      if (character === undefined) {
        throw this.fail('The entity was referenced, but not declared.');
      }
      return character;
    });
  }

  private malformedTag(): Error {
    return this.fail('The markup in the document must be well-formed.');
  }
}

const predefined: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function characterOf(name: string): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(predefined, name) ? predefined[name] : undefined;
  const isHex = name.startsWith('#x');
  const digits = name.slice(isHex ? 2 : 1);
  if (!(isHex ? /^[0-9a-fA-F]+$/ : /^\d+$/).test(digits)) return undefined;
  const code = Number.parseInt(digits, isHex ? 16 : 10);
  const isCharacter = code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0x10ffff);
  return isCharacter && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : undefined;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** Letters, digits, `:`, `_`, `-`, `.` and all beyond ASCII. */
function isNameCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 58) ||
    code === 95 ||
    code === 45 ||
    code === 46 ||
    code >= 0x80
  );
}
