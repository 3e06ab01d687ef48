/**
 * Owns: values of a model's shapes as XML, both ways. Refuses to own: XML itself (xml-reader.ts)
 * and what stands around the values (protocols/).
 */
import { assert } from '../stdx/assert.ts';
import type { Fail } from './errors.ts';
import type { Member, MemberRef, ServiceModel, Shape } from './model.ts';
import { memberOf, type StructureShape, shapeOf } from './models.ts';
import { scalarFromText, scalarToText } from './text-scalars.ts';
import type { XmlElement } from './xml-reader.ts';

interface XmlMember {
  readonly name: string;
  readonly member: Member;
  readonly shape: Shape;
}

/** Reads and writes values of one service's shapes. */
export class XmlShapes {
  private readonly model: ServiceModel;
  private readonly fail: Fail;
  private readonly byWireName = new Map<StructureShape, ReadonlyMap<string, XmlMember>>();

  constructor(model: ServiceModel, fail: Fail) {
    this.model = model;
    this.fail = fail;
  }

  /** The value of an element. Throws what `fail` makes where it is none of that shape. */
  read(shapeName: string, element: XmlElement): unknown {
    const shape = shapeOf(this.model, shapeName);
    switch (shape.type) {
      case 'structure':
      case 'union':
        return this.readStructure(shape, element);
      case 'list':
        return this.readList(shape.member, element);
      case 'map': {
        const map: Record<string, unknown> = Object.create(null);
        for (const entry of element.children) this.readEntry(shape, entry, map);
        return map;
      }
      default:
        if (element.children.length > 0) throw this.fail('Unexpected complex element termination');
        return scalarFromText(shape, element.text, this.fail);
    }
  }

  /** The members that an element holds, by their own names. */
  readStructure(shape: StructureShape, element: XmlElement): Record<string, unknown> {
    const members = this.membersOf(shape);
    const result: Record<string, unknown> = {};
    for (const [key, text] of element.attributes) {
      const found = members.get(key);
      if (found?.member.xmlAttribute === true) {
        result[found.name] = scalarFromText(found.shape, text, this.fail);
      }
    }
    for (const child of element.children) {
      const found = members.get(child.name);
      if (found === undefined || found.member.xmlAttribute === true) continue;
      const { name, member, shape: memberShape } = found;
      if (member.flattened === true && memberShape.type === 'list') {
        const list = (result[name] ?? []) as unknown[];
        list.push(this.read(memberOf(memberShape.member).shape, child));
        result[name] = list;
      } else if (member.flattened === true && memberShape.type === 'map') {
        const map = (result[name] ?? Object.create(null)) as Record<string, unknown>;
        this.readEntry(memberShape, child, map);
        result[name] = map;
      } else {
        result[name] = this.read(member.shape, child);
      }
    }
    return result;
  }

  private readList(reference: MemberRef, element: XmlElement): unknown[] {
    const member = memberOf(reference);
    const itemName = member.wireName ?? 'member';
    const items: unknown[] = [];
    for (const child of element.children) {
      if (child.name !== itemName) throw this.fail('Unexpected list element termination');
      items.push(this.read(member.shape, child));
    }
    return items;
  }

  private readEntry(
    shape: Extract<Shape, { readonly type: 'map' }>,
    entry: XmlElement,
    map: Record<string, unknown>,
  ): void {
    const value = memberOf(shape.value);
    const keyName = memberOf(shape.key).wireName ?? 'key';
    const key = entry.children.find((child) => child.name === keyName);
    const item = entry.children.find((child) => child.name === (value.wireName ?? 'value'));
    if (key === undefined || item === undefined) {
      throw this.fail('Unexpected map entry termination');
    }
    map[key.text] = this.read(value.shape, item);
  }

  private membersOf(shape: StructureShape): ReadonlyMap<string, XmlMember> {
    const known = this.byWireName.get(shape);
    if (known !== undefined) return known;
    const members = new Map<string, XmlMember>();
    for (const [name, reference] of Object.entries(shape.members)) {
      const member = memberOf(reference);
      const key = wireNameOf(name, member);
      members.set(key, { name, member, shape: shapeOf(this.model, member.shape) });
    }
    this.byWireName.set(shape, members);
    return members;
  }

  /** An element of that name with the value inside, its start tag with `attributes` as given. */
  write(name: string, shapeName: string, value: unknown, attributes = ''): string {
    const shape = shapeOf(this.model, shapeName);
    if (shape.type === 'structure' || shape.type === 'union') {
      assert(typeof value === 'object' && value !== null, `${shapeName} is a structure`);
      const own = this.writeAttributes(shape, value as Readonly<Record<string, unknown>>);
      const content = this.writeMembers(shape, value as Readonly<Record<string, unknown>>);
      return element(name, attributes + own, content);
    }
    return element(name, attributes, this.writeContent(shape, value));
  }

  /** The elements of a structure's members, those named in `except` left out. */
  writeMembers(
    shape: StructureShape,
    value: Readonly<Record<string, unknown>>,
    except?: ReadonlySet<string>,
  ): string {
    let text = '';
    for (const [name, reference] of Object.entries(shape.members)) {
      const item = value[name];
      if (item === undefined || item === null || except?.has(name) === true) continue;
      const member = memberOf(reference);
      if (member.xmlAttribute !== true) text += this.writeMember(name, member, item);
    }
    return text;
  }

  private writeMember(name: string, member: Member, item: unknown): string {
    const wireName = wireNameOf(name, member);
    const shape = shapeOf(this.model, member.shape);
    if (member.flattened === true && shape.type === 'list') {
      return this.writeItems(wireName, memberOf(shape.member).shape, item);
    }
    if (member.flattened === true && shape.type === 'map') {
      return this.writeEntries(wireName, shape, item);
    }
    const namespace = member.xmlNamespace;
    const attributes =
      namespace === undefined ? '' : ` xmlns:${namespace[0]}="${escapeXml(namespace[1])}"`;
    return this.write(wireName, member.shape, item, attributes);
  }

  private writeContent(shape: Shape, value: unknown): string {
    switch (shape.type) {
      case 'list': {
        const member = memberOf(shape.member);
        return this.writeItems(member.wireName ?? 'member', member.shape, value);
      }
      case 'map':
        return this.writeEntries('entry', shape, value);
      default:
        return escapeXml(scalarToText(shape, value, 'date-time'));
    }
  }

  private writeItems(name: string, shapeName: string, value: unknown): string {
    assert(Array.isArray(value), `${name} is a list`);
    return value.map((item) => this.write(name, shapeName, item)).join('');
  }

  private writeEntries(
    name: string,
    shape: Extract<Shape, { readonly type: 'map' }>,
    value: unknown,
  ): string {
    assert(typeof value === 'object' && value !== null, `${name} is a map`);
    const item = memberOf(shape.value);
    const keyName = memberOf(shape.key).wireName ?? 'key';
    return Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .map(([key, entry]) => {
        const written = this.write(item.wireName ?? 'value', item.shape, entry);
        return `<${name}><${keyName}>${escapeXml(key)}</${keyName}>${written}</${name}>`;
      })
      .join('');
  }

  private writeAttributes(shape: StructureShape, value: Readonly<Record<string, unknown>>): string {
    let text = '';
    for (const [name, reference] of Object.entries(shape.members)) {
      const member = memberOf(reference);
      const item = value[name];
      if (member.xmlAttribute !== true || item === undefined) continue;
      text += ` ${wireNameOf(name, member)}="${escapeXml(String(item))}"`;
    }
    return text;
  }
}

/** Where a member travels outside the body its `wireName` is a header's or a query key's. */
function wireNameOf(name: string, member: Member): string {
  const isInBody = member.location === undefined || member.location === 'payload';
  return (isInBody ? member.wireName : undefined) ?? name;
}

function element(name: string, attributes: string, content: string): string {
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

/** Text as character data or attribute value. What XML 1.0 cannot hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return special.test(text) ? text.replace(specials, escapeCharacter) : text;
}

const special = /[&<>"'\u2028\ufffe\uffff]|\p{Cc}|\p{Cs}/u;
const specials = new RegExp(special, 'gu');

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
};

function escapeCharacter(character: string): string {
  const isLegal = /[\t\n\u007f-\u009f]/.test(character);
  return escapes[character] ?? (isLegal ? character : '\ufffd');
}
