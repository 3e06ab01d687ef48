/**
 * Owns: the step from an operation's output (or a client's input) to a value for JSON.stringify.
 * Only members of the model are written; a value of another type than the shape's is our own
 * mistake and an AssertionError.
 */
import { assert } from '../stdx/assert.ts';
import { base64Encode } from '../stdx/bytes.ts';
import type { ServiceModel, Shape } from './model.ts';
import { memberOf, type StructureShape, shapeOf } from './models.ts';
import { formatTimestamp } from './timestamps.ts';

type Writer = (value: unknown) => unknown;

/** Writes values of one service's shapes. */
export class JsonWriter {
  private readonly model: ServiceModel;
  private readonly usesWireNames: boolean;
  private readonly writers = new Map<string, Writer>();

  constructor(model: ServiceModel, usesWireNames: boolean) {
    this.model = model;
    this.usesWireNames = usesWireNames;
  }

  /** A value that JSON.stringify turns into the wire's text; absent members are left out. */
  write(shapeName: string, value: unknown): unknown {
    return this.writer(shapeName)(value);
  }

  private writer(name: string): Writer {
    const known = this.writers.get(name);
    if (known !== undefined) return known;
    const writer = this.compile(name, shapeOf(this.model, name));
    this.writers.set(name, writer);
    return writer;
  }

  private compile(name: string, shape: Shape): Writer {
    switch (shape.type) {
      case 'structure':
      case 'union':
        return this.structure(name, shape);
      case 'list': {
        const member = memberOf(shape.member).shape;
        return (value) => {
          assert(Array.isArray(value), `${name} is a list`);
          const write = this.writer(member);
          return value.map((item) => write(item));
        };
      }
      case 'map': {
        const member = memberOf(shape.value).shape;
        return (value) => {
          assert(typeof value === 'object' && value !== null, `${name} is a map`);
          const write = this.writer(member);
          // No prototype: `__proto__` is a key like any other.
          const written: Record<string, unknown> = Object.create(null);
          for (const [key, item] of Object.entries(value)) {
            if (item !== undefined) written[key] = write(item);
          }
          return written;
        };
      }
      default:
        return scalarWriter(shape);
    }
  }

  private structure(name: string, shape: StructureShape): Writer {
    let members: readonly (readonly [name: string, key: string, write: Writer])[] | undefined;
    return (value) => {
      assert(typeof value === 'object' && value !== null, `${name} is a structure`);
      members ??= Object.entries(shape.members).map(([memberName, reference]) => {
        const member = memberOf(reference);
        const key = this.usesWireNames ? (member.wireName ?? memberName) : memberName;
        return [memberName, key, this.writer(member.shape)];
      });
      const object = value as Readonly<Record<string, unknown>>;
      const written: Record<string, unknown> = {};
      for (const [memberName, key, write] of members) {
        const item = object[memberName];
        if (item !== undefined && item !== null) written[key] = write(item);
      }
      return written;
    };
  }
}

function scalarWriter(shape: Shape): Writer {
  switch (shape.type) {
    case 'timestamp': {
      const format = shape.timestampFormat ?? 'epoch-seconds';
      return (value) => {
        assert(typeof value === 'number', 'a timestamp is epoch milliseconds');
        return formatTimestamp(value, format);
      };
    }
    case 'blob':
      return (value) => {
        if (typeof value === 'string') return value;
        assert(value instanceof Uint8Array, 'a blob is bytes, or base64 text');
        return base64Encode(value);
      };
    case 'document':
      return (value) => value;
    default: {
      const type = shape.type;
      return (value) => {
        assert(typeof value === type, `a ${type} is no ${typeof value}`);
        return value;
      };
    }
  }
}
