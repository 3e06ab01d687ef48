/**
 * Owns: the step from a parsed JSON body to an operation's input. For every shape one closure is
 * compiled, on first use; values are changed in place, and where nothing has to change (`blobs:
 * 'base64'`, no renamed member) the body passes through untouched, only checked.
 *
 *  J1  Nothing below `depthMax` is reached, so no body exhausts the stack.
 *  J2  Members that the model does not have are ignored, and null is the same as absent.
 *  J3  The texts are those of AWS's Java servers, down to the grammar.
 *  J4  DynamoDB's numbers are whole: what else is sent is cut to 32 bits, or, of capacities, to a long.
 */
import type { Fail } from './errors.ts';
import { type Blobs, mismatch, readBlob, readBoolean, readTimestamp } from './json-scalars.ts';
import type { ServiceModel, Shape } from './model.ts';
import { memberOf, type StructureShape, shapeOf } from './models.ts';

export interface JsonReaderOptions {
  readonly blobs: Blobs;
  /** Whether members travel under their `wireName` (restJson1) or their own name (awsJson). */
  readonly usesWireNames: boolean;
  readonly fail: Fail;
}

type Reader = (value: unknown, depth: number) => unknown;

/** Levels of a body. DynamoDB refuses documents above 32 itself. */
const depthMax = 500;

/** Reads values of one service's shapes. */
export class JsonReader {
  private readonly model: ServiceModel;
  private readonly options: JsonReaderOptions;
  private readonly readers = new Map<string, Reader>();

  constructor(model: ServiceModel, options: JsonReaderOptions) {
    this.model = model;
    this.options = options;
  }

  /** Checks and converts a parsed JSON value, which it may change. Throws what `fail` makes. */
  read(shapeName: string, value: unknown): unknown {
    return this.reader(shapeName)(value, 0);
  }

  private reader(name: string): Reader {
    const known = this.readers.get(name);
    if (known !== undefined) return known;
    const reader = this.compile(name, shapeOf(this.model, name));
    this.readers.set(name, reader);
    return reader;
  }

  private compile(name: string, shape: Shape): Reader {
    switch (shape.type) {
      case 'structure':
      case 'union':
        return this.structure(name, shape);
      case 'list':
        return this.list(memberOf(shape.member).shape);
      case 'map':
        return this.map(memberOf(shape.value).shape);
      default:
        return this.scalar(shape);
    }
  }

  private structure(name: string, shape: StructureShape): Reader {
    const { fail, usesWireNames } = this.options;
    const className = javaClass(this.model, name);
    let members: Record<string, { readonly name: string; readonly read: Reader }> | undefined;
    // Children are compiled on first use: shapes may hold themselves.
    const compileMembers = (): NonNullable<typeof members> => {
      const compiled: NonNullable<typeof members> = Object.create(null);
      for (const [memberName, reference] of Object.entries(shape.members)) {
        const member = memberOf(reference);
        const key = usesWireNames ? (member.wireName ?? memberName) : memberName;
        const isLong = member.shape === 'number' && longMembers.test(memberName);
        const read = isLong ? this.number('Long', Math.trunc) : this.reader(member.shape);
        compiled[key] = { name: memberName, read };
      }
      return compiled;
    };
    const readInPlace: Reader = (value, depth) => {
      const object = objectIn(value, fail, `class ${className}`, unexpected);
      if (depth > depthMax) throw fail(tooDeep);
      members ??= compileMembers();
      for (const key in object) {
        const member = members[key];
        if (member === undefined) continue;
        const before = object[key];
        if (before === null) {
          delete object[key];
          continue;
        }
        const after = member.read(before, depth + 1);
        if (after !== before) object[key] = after;
      }
      return object;
    };
    // Names change: what the body says under a member's inner name must not pass for the member.
    const readAfresh: Reader = (value, depth) => {
      const object = objectIn(value, fail, `class ${className}`, unexpected);
      if (depth > depthMax) throw fail(tooDeep);
      members ??= compileMembers();
      const result: Record<string, unknown> = {};
      for (const key in object) {
        const member = members[key];
        const before = object[key];
        if (member === undefined || before === null) continue;
        result[member.name] = member.read(before, depth + 1);
      }
      return result;
    };
    return usesWireNames ? readAfresh : readInPlace;
  }

  private list(memberShape: string): Reader {
    const { fail } = this.options;
    let member: Reader | undefined;
    return (value, depth) => {
      if (!Array.isArray(value)) {
        throw fail(
          typeof value === 'object'
            ? 'Start of structure or map found where not expected'
            : 'Unexpected field type',
        );
      }
      if (depth > depthMax) throw fail(tooDeep);
      member ??= this.reader(memberShape);
      for (let i = 0; i < value.length; i += 1) {
        const before: unknown = value[i];
        if (before === null) throw fail('Unexpected null found in a list');
        const after = member(before, depth + 1);
        if (after !== before) value[i] = after;
      }
      return value;
    };
  }

  private map(valueShape: string): Reader {
    const { fail } = this.options;
    const scalar = javaScalar(shapeOf(this.model, valueShape));
    const className = `java.util.Map<java.lang.String, ${scalar ?? javaClass(this.model, valueShape)}>`;
    let member: Reader | undefined;
    return (value, depth) => {
      const object = objectIn(value, fail, className, 'Unexpected field type');
      if (depth > depthMax) throw fail(tooDeep);
      member ??= this.reader(valueShape);
      for (const key in object) {
        const before = object[key];
        if (before === null) {
          delete object[key];
          continue;
        }
        const after = member(before, depth + 1);
        if (after !== before) object[key] = after;
      }
      return object;
    };
  }

  private number(type: 'Integer' | 'Long', whole: (value: number) => number): Reader {
    const { fail } = this.options;
    const isWhole = this.model.namespace.startsWith('com.amazonaws.dynamodb');
    return (value) => {
      if (typeof value === 'number') return isWhole ? whole(value) : value;
      throw fail(mismatch(value, type, `java.lang.${type}`));
    };
  }

  private scalar(shape: Shape): Reader {
    const { fail, blobs } = this.options;
    switch (shape.type) {
      case 'string':
        return (value) => {
          if (typeof value === 'string') return value;
          throw fail(mismatch(value, 'String', 'java.lang.String'));
        };
      case 'number':
        return this.number('Integer', (value) => value | 0);
      case 'boolean':
        return (value) => readBoolean(value, fail);
      case 'blob':
        return (value) => readBlob(value, blobs, fail);
      case 'timestamp':
        return (value) => readTimestamp(value, fail);
      default:
        return (value, depth) => readDocument(value, depth, fail);
    }
  }
}

/** Members that are long integers at AWS; models from SDKs do not tell. */
const longMembers = /(?:Units|PerSecond)$/;

const unexpected = 'Unexpected value type in payload';
const tooDeep = 'Nesting of the request body is too deep';

/** The value as an object; `inList` names the class in the text for a list, `other` all others. */
function objectIn(
  value: unknown,
  fail: Fail,
  inList: string,
  other: string,
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw fail(other);
  if (Array.isArray(value)) throw fail(`Unrecognized collection type ${inList}`);
  return value as Record<string, unknown>;
}

function readDocument(value: unknown, depth: number, fail: Fail): unknown {
  if (depth > depthMax) throw fail(tooDeep);
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) readDocument(item, depth + 1, fail);
  }
  return value;
}

function javaScalar(shape: Shape): string | undefined {
  switch (shape.type) {
    case 'string':
      return 'java.lang.String';
    case 'number':
      return 'java.lang.Integer';
    case 'boolean':
      return 'java.lang.Boolean';
    case 'blob':
      return 'java.nio.ByteBuffer';
    default:
      return undefined;
  }
}

/** `com.amazonaws.dynamodb.v20120810.AttributeValue`. */
function javaClass(model: ServiceModel, name: string): string {
  return `${model.namespace}.v${model.apiVersion.replaceAll('-', '')}.${name}`;
}
