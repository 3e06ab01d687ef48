/**
 * YAML with CloudFormation's tags, to the JSON form of the same template: `!Ref x` is
 * `{Ref: 'x'}`, `!GetAtt a.b` is `{'Fn::GetAtt': ['a', 'b']}`, every other `!Name` is `Fn::Name`.
 * Loaded only for templates that are not JSON.
 *
 * A1  The result's size is bounded: aliases may not multiply a small text into a large value.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  parseDocument,
} from 'yaml';
import { validationError } from '../errors.ts';
import type { Value } from './template.ts';

const nodesMax = 100_000;

const functions = new Set([
  'Base64',
  'Cidr',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'ImportValue',
  'Join',
  'Length',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'If',
  'And',
  'Or',
  'Not',
  'Equals',
  'Contains',
]);

/** The value of a YAML text. Throws ValidationError with line and column. */
export function parseYaml(body: string): Value {
  const document = parse(body);
  const problem = document.errors[0];
  if (problem !== undefined) throw yamlError(problem.message);
  let nodes = 0;

  function plain(node: ParsedNode | null): Value {
    nodes += 1;
    if (nodes > nodesMax) throw yamlError('the template expands to too many values');
    if (node === null) return null;
    if (isAlias(node)) return plain((node.resolve(document) as ParsedNode | undefined) ?? null);
    return tagged(node.tag, untagged(node));
  }

  function untagged(node: ParsedNode): Value {
    if (isScalar(node)) return scalar(node.value);
    if (isSeq(node)) return node.items.map((item) => plain(item as ParsedNode));
    if (!isMap(node)) return null;
    const map: Record<string, Value> = {};
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (name === '' || name === '__proto__') throw yamlError('a map has a key that is no text');
      map[name] = plain(value as ParsedNode | null);
    }
    return map;
  }

  return plain(document.contents);
}

function parse(body: string): Document.Parsed<ParsedNode> {
  try {
    return parseDocument(body, { schema: 'core', uniqueKeys: true, logLevel: 'silent' });
  } catch (error) {
    // The parser is recursive: what is nested deeply enough ends its stack.
    if (error instanceof RangeError) throw yamlError('nested too deeply');
    throw error;
  }
}

function scalar(value: unknown): Value {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : value === null || value === undefined
      ? null
      : String(value);
}

function tagged(tag: string | undefined, argument: Value): Value {
  if (tag === undefined || !tag.startsWith('!')) return argument;
  const name = tag.slice(1);
  if (name === 'Ref' || name === 'Condition') return { [name]: argument };
  if (!functions.has(name)) throw yamlError(`unknown tag ${tag}`);
  if (name === 'GetAtt' && typeof argument === 'string') {
    const dot = argument.indexOf('.');
    return { 'Fn::GetAtt': [argument.slice(0, dot), argument.slice(dot + 1)] };
  }
  return { [`Fn::${name}`]: argument };
}

function yamlError(what: string): ReturnType<typeof validationError> {
  return validationError(`Template format error: YAML not well-formed. (${what.trim()})`);
}
