/**
 * Owns: values of a model's shapes as AWS Query parameters (`Tags.member.1.Key=a`), both ways.
 *
 *  F1  Depth is bounded, and a list index beyond `indexMax` is refused before it is used.
 */
import { assert } from '../stdx/assert.ts';
import type { Fail } from './errors.ts';
import type { Member, MemberRef, ServiceModel, Shape } from './model.ts';
import { memberOf, type StructureShape, shapeOf } from './models.ts';
import { type Pairs, percentEncode } from './query-string.ts';
import { scalarFromText, scalarToText } from './text-scalars.ts';

/** Parameters by the parts of their names. */
interface Node {
  value: string | undefined;
  children: Map<string, Node> | undefined;
}

/** Parameters cannot say that a structure or list without content is there. */
const absent: Node = { value: undefined, children: undefined };

const depthMax = 64;
const indexMax = 100_000;

/** Reads and writes values of one service's shapes. */
export class QueryShapes {
  private readonly model: ServiceModel;
  private readonly fail: Fail;

  constructor(model: ServiceModel, fail: Fail) {
    this.model = model;
    this.fail = fail;
  }

  /** A structure from parameters; those that it does not have are ignored. */
  read(shapeName: string, pairs: Pairs): unknown {
    return this.readNode(shapeName, this.tree(pairs));
  }

  private tree(pairs: Pairs): Node {
    const root: Node = { value: undefined, children: undefined };
    for (const [key, value] of pairs) {
      let node = root;
      let depth = 0;
      for (const part of key.split('.')) {
        depth += 1;
        if (depth > depthMax) throw this.fail('Unexpected depth of a parameter name');
        node.children ??= new Map();
        let child = node.children.get(part);
        if (child === undefined) {
          child = { value: undefined, children: undefined };
          node.children.set(part, child);
        }
        node = child;
      }
      node.value = value;
    }
    return root;
  }

  private readNode(shapeName: string, node: Node): unknown {
    const shape = shapeOf(this.model, shapeName);
    switch (shape.type) {
      case 'structure':
      case 'union':
        return this.readStructure(shape, node);
      case 'list':
        return this.readList(shape.member, node, false);
      case 'map':
        return this.readMap(shape, node, false);
      default:
        if (node.value === undefined) throw this.fail('Unexpected complex element termination');
        return scalarFromText(shape, node.value, this.fail);
    }
  }

  private readStructure(shape: StructureShape, node: Node): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    if (node.children === undefined) return result;
    for (const [name, reference] of Object.entries(shape.members)) {
      const member = memberOf(reference);
      const child = node.children.get(member.wireName ?? name);
      if (child === undefined) continue;
      const memberShape = shapeOf(this.model, member.shape);
      const isFlat = member.flattened === true;
      if (memberShape.type === 'list') {
        result[name] = this.readList(memberShape.member, child, isFlat);
      } else if (memberShape.type === 'map') {
        result[name] = this.readMap(memberShape, child, isFlat);
      } else {
        result[name] = this.readNode(member.shape, child);
      }
    }
    return result;
  }

  private readList(reference: MemberRef, node: Node, isFlat: boolean): unknown[] {
    const member = memberOf(reference);
    return this.indexed(isFlat ? node : node.children?.get(member.wireName ?? 'member')).map(
      (item) => this.readNode(member.shape, item),
    );
  }

  private readMap(
    shape: Extract<Shape, { readonly type: 'map' }>,
    node: Node,
    isFlat: boolean,
  ): Record<string, unknown> {
    const keyName = memberOf(shape.key).wireName ?? 'key';
    const value = memberOf(shape.value);
    const map: Record<string, unknown> = Object.create(null);
    for (const entry of this.indexed(isFlat ? node : node.children?.get('entry'))) {
      const key = entry.children?.get(keyName)?.value;
      const item = entry.children?.get(value.wireName ?? 'value') ?? absent;
      if (key === undefined) throw this.fail('Unexpected map entry');
      map[key] = this.readNode(value.shape, item);
    }
    return map;
  }

  /** The children of a node in the order of their numbers. */
  private indexed(node: Node | undefined): Node[] {
    if (node?.children === undefined) return [];
    const items: [number, Node][] = [];
    for (const [part, child] of node.children) {
      const index = /^\d{1,6}$/.test(part) ? Number(part) : Number.NaN;
      if (!(index <= indexMax)) throw this.fail(`Unexpected list index: ${part.slice(0, 100)}`);
      items.push([index, child]);
    }
    return items.sort((a, b) => a[0] - b[0]).map(([, child]) => child);
  }

  /** `&name=value…` of a structure, ready to stand behind `Action=…`. */
  write(shapeName: string, value: unknown): string {
    return this.writeValue('', shapeName, value);
  }

  private writeValue(at: string, shapeName: string, value: unknown): string {
    const shape = shapeOf(this.model, shapeName);
    switch (shape.type) {
      case 'structure':
      case 'union': {
        assert(typeof value === 'object' && value !== null, `${shapeName} is a structure`);
        let text = '';
        for (const [name, reference] of Object.entries(shape.members)) {
          const item = (value as Readonly<Record<string, unknown>>)[name];
          if (item === undefined || item === null) continue;
          text += this.writeMember(at === '' ? '' : `${at}.`, name, memberOf(reference), item);
        }
        return text;
      }
      case 'list':
        return this.writeList(at, shape.member, false, value);
      case 'map':
        return this.writeMap(at, shape, false, value);
      default:
        return `&${percentEncode(at)}=${percentEncode(scalarToText(shape, value, 'date-time'))}`;
    }
  }

  private writeMember(prefix: string, name: string, member: Member, value: unknown): string {
    const at = `${prefix}${member.wireName ?? name}`;
    const shape = shapeOf(this.model, member.shape);
    const isFlat = member.flattened === true;
    if (shape.type === 'list') return this.writeList(at, shape.member, isFlat, value);
    if (shape.type === 'map') return this.writeMap(at, shape, isFlat, value);
    return this.writeValue(at, member.shape, value);
  }

  private writeList(at: string, reference: MemberRef, isFlat: boolean, value: unknown): string {
    assert(Array.isArray(value), `${at} is a list`);
    if (value.length === 0) return `&${percentEncode(at)}=`;
    const member = memberOf(reference);
    const list = isFlat ? at : `${at}.${member.wireName ?? 'member'}`;
    return value.map((item, i) => this.writeValue(`${list}.${i + 1}`, member.shape, item)).join('');
  }

  private writeMap(
    at: string,
    shape: Extract<Shape, { readonly type: 'map' }>,
    isFlat: boolean,
    value: unknown,
  ): string {
    assert(typeof value === 'object' && value !== null, `${at} is a map`);
    const item = memberOf(shape.value);
    const keyName = memberOf(shape.key).wireName ?? 'key';
    return Object.entries(value)
      .map(([key, entry], i) => {
        const place = `${isFlat ? at : `${at}.entry`}.${i + 1}`;
        const keyText = `&${percentEncode(`${place}.${keyName}`)}=${percentEncode(key)}`;
        return keyText + this.writeValue(`${place}.${item.wireName ?? 'value'}`, item.shape, entry);
      })
      .join('');
  }
}
