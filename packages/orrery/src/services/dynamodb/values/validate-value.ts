/**
 * Owns: checks of attribute values that a caller sent, and their size as DynamoDB counts it, in one
 * walk. Numbers are brought into normal form in place.
 * Refuses to own: keys (`data-plane/key-checks.ts`).
 *
 * Q1  A value that passed is storable as it stands: `JSON.stringify` gives its record.
 * Q2  Recursion is bounded by DynamoDB's own nesting limit.
 */
import { serializationError, validationError } from '../errors.ts';
import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { decimalProblem, formatDecimal, isPlainInteger, parseDecimal } from './decimal.ts';
import { attributeSize } from './size.ts';

const nestingMax = 32;
const nameBytesMax = 65_535;
const invalid = 'One or more parameter values were invalid: ';
const typeNames = new Set(['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L', 'NULL', 'BOOL']);

/**
 * How an operation tells of a bad value. AWS checks values in one of two layers: the newer one serves
 * the operations on single items, BatchGetItem and Query, the older one all others.
 */
export interface Wording {
  readonly layer: 'newer' | 'older';
  /** Puts a problem into the words of the parameter that it stands in. */
  words(problem: string): string;
}

const plainly = (problem: string): string => problem;
const older: Wording = { layer: 'older', words: plainly };
export const newerWording: Wording = { layer: 'newer', words: plainly };

/** Checks an item or key; returns its size in bytes, names included. */
export function validateMap(map: AttributeMap, wording: Wording = older): number {
  return mapSize(map, 0, wording);
}

/** Checks one value; returns its size in bytes. */
export function validateValue(value: AttributeValue, wording: Wording = older): number {
  return valueSize(value, 0, wording);
}

function mapSize(map: AttributeMap, depth: number, wording: Wording): number {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw unexpected(map, 'Map');
  let size = 0;
  for (const name in map) {
    const nameBytes = Buffer.byteLength(name);
    if (nameBytes === 0) throw validationError(wording.words(emptyName));
    if (nameBytes > nameBytesMax) throw refused(longName, wording);
    size += nameBytes + valueSize(map[name] as AttributeValue, depth, wording);
  }
  return size;
}

const emptyName = 'Empty attribute name';
const longName = `Attribute name is too large, must be less than ${nameBytesMax + 1} bytes`;

/** What is wrong with the name of an attribute, if anything. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return emptyName;
  return Buffer.byteLength(name) > nameBytesMax ? longName : undefined;
}

function valueSize(value: AttributeValue, depth: number, wording: Wording): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unexpected(value, 'AttributeValue');
  }
  checkDepth(depth, wording);
  let type: string | undefined;
  let several = false;
  for (const name in value) {
    const absent = value[name as keyof AttributeValue] == null || !typeNames.has(name);
    if (absent) delete value[name as keyof AttributeValue];
    else if (type === undefined) type = name;
    else several = true;
  }
  if (type === undefined) {
    const text = 'Supplied AttributeValue is empty, must contain exactly one of the supported';
    throw validationError(wording.words(`${text} datatypes`));
  }
  let size = 0;
  for (const each in value) size = typedSize(value, each, depth, wording);
  if (several) {
    const text =
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one';
    throw validationError(wording.words(`${text} of the supported datatypes`));
  }
  return size;
}

function typedSize(value: AttributeValue, type: string, depth: number, wording: Wording): number {
  switch (type) {
    case 'S':
      if (typeof value.S !== 'string') throw unexpected(value.S, 'String');
      return attributeSize.text(value.S);
    case 'N':
      value.N = normalNumber(value.N, wording);
      return attributeSize.number(value.N);
    case 'B':
      return attributeSize.binary(checkedBinary(value.B));
    case 'BOOL':
      if (typeof value.BOOL !== 'boolean') throw unexpected(value.BOOL, 'Boolean');
      return 1;
    case 'NULL':
      if (typeof value.NULL !== 'boolean') throw unexpected(value.NULL, 'Boolean');
      if (value.NULL) return 1;
      throw refused('Null attribute value types must have the value of true', wording);
    case 'M':
      return 3 + entries(value.M) + mapSize(value.M as AttributeMap, depth + 1, wording);
    case 'L':
      return listSize(value.L, depth + 1, wording);
    default:
      return setSize(value, type as 'SS' | 'NS' | 'BS', wording);
  }
}

function listSize(list: unknown, depth: number, wording: Wording): number {
  if (!Array.isArray(list)) throw unexpected(list, 'List');
  let size = 3 + list.length;
  for (const element of list) size += valueSize(element as AttributeValue, depth, wording);
  return size;
}

function setSize(value: AttributeValue, type: 'SS' | 'NS' | 'BS', wording: Wording): number {
  const set = value[type];
  if (!Array.isArray(set)) throw unexpected(set, 'List');
  if (set.length === 0) {
    if (type === 'BS') throw refused('Binary sets should not be empty', wording);
    const kind = type === 'SS' ? 'string' : 'number';
    throw refused(`An ${kind} set  may not be empty`, wording);
  }
  let size = 0;
  for (let i = 0; i < set.length; i += 1) {
    const element = set[i];
    if (type === 'NS') {
      const number = normalNumber(element, wording);
      set[i] = number;
      size += attributeSize.number(number);
    } else if (type === 'BS') size += attributeSize.binary(checkedBinary(element));
    else if (typeof element !== 'string') throw unexpected(element, 'String');
    else size += attributeSize.text(element);
  }
  if (new Set(set).size === set.length) return size;
  throw repeats(set as readonly string[], type, wording);
}

/** A set that names a member twice. The newer layer has read it up to that member, and sorted. */
function repeats(set: readonly string[], type: 'SS' | 'NS' | 'BS', wording: Wording): Error {
  const isNewer = wording.layer === 'newer';
  if (type === 'NS') {
    const text = 'Input collection contains duplicates';
    return isNewer ? refused(`${text}.`, wording) : validationError(wording.words(text));
  }
  const end = type === 'SS' ? ' contains duplicates.' : 'of type BS contains duplicates.';
  if (!isNewer) return refused(`Input collection [${set.join(', ')}]${end}`, wording);
  const at = set.findIndex((member, i) => set.indexOf(member) < i);
  const encoding = type === 'SS' ? 'utf8' : 'base64';
  const seen = set
    .slice(0, at)
    .sort((a, b) => Buffer.compare(Buffer.from(a, encoding), Buffer.from(b, encoding)));
  const members = [...seen, ...set.slice(at)].map((member) => JSON.stringify(member));
  return refused(`Input collection [${members.join(type === 'SS' ? ', ' : ',')}]${end}`, wording);
}

function normalNumber(text: unknown, wording: Wording): string {
  if (typeof text !== 'string') throw unexpected(text, 'String');
  if (isPlainInteger(text)) return text;
  return formatNumber(text, wording);
}

function formatNumber(text: string, wording: Wording): string {
  const number = parseDecimal(text);
  if (number === undefined) {
    const what = text === '' && wording.layer === 'older' ? '' : `: ${text}`;
    throw validationError(
      wording.words(`The parameter cannot be converted to a numeric value${what}`),
    );
  }
  const problem = decimalProblem(number);
  if (problem !== undefined) throw validationError(wording.words(numberProblems[problem]));
  return formatDecimal(number);
}

export const numberProblems = {
  overflow:
    'Number overflow. Attempting to store a number with magnitude larger than supported range',
  underflow:
    'Number underflow. Attempting to store a number with magnitude smaller than supported range',
  precision: 'Attempting to store more than 38 significant digits in a Number',
} as const;

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

function checkedBinary(text: unknown): string {
  if (typeof text !== 'string') throw unexpected(text, 'Blob');
  if (text.length % 4 === 0 && base64.test(text)) return text;
  throw serializationError(`'${text.slice(0, 100)}' can not be converted to a Blob`);
}

/** An attribute's own value stands on the first level, what it holds on the next. */
function checkDepth(depth: number, wording: Wording): void {
  if (depth < nestingMax) return;
  throw validationError(wording.words(nestingProblem));
}

export const nestingProblem =
  'Nesting Levels have exceeded supported limits: ' +
  'Attributes in the item have nested levels beyond supported limit';

/** Throws where a checked item has come to be nested too deep. */
export function checkNesting(item: AttributeMap): void {
  if (depthOf({ M: item }) > nestingMax + 1) throw validationError(nestingProblem);
}

function depthOf(value: AttributeValue): number {
  const children = value.M !== undefined ? Object.values(value.M) : value.L;
  if (children === undefined) return 1;
  let deepest = 0;
  for (const child of children) deepest = Math.max(deepest, depthOf(child));
  return deepest + 1;
}

function entries(map: unknown): number {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw unexpected(map, 'Map');
  return Object.keys(map).length;
}

function refused(problem: string, wording: Wording): Error {
  return validationError(wording.words(invalid + problem));
}

/** JSON of the wrong kind, in the words of AWS's deserialiser. */
function unexpected(value: unknown, wanted: string): Error {
  if (Array.isArray(value)) {
    return serializationError('Start of list found where not expected');
  }
  switch (typeof value) {
    case 'string':
      return serializationError(`STRING_VALUE cannot be converted to ${wanted}`);
    case 'number':
      return serializationError(`NUMBER_VALUE cannot be converted to ${wanted}`);
    case 'boolean':
      return serializationError(
        `${value ? 'TRUE' : 'FALSE'}_VALUE cannot be converted to ${wanted}`,
      );
    default:
      return serializationError('Start of structure or map found where not expected');
  }
}
