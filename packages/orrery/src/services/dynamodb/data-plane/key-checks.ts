/**
 * Owns: whether attributes are a key of a table or index, and the item's key bytes.
 */
import { invalidParameter, serializationError, validationError } from '../errors.ts';
import { encodeItemKey, type KeyAttribute, type KeyLayout } from '../storage/key-encoding.ts';
import {
  type KeyParts,
  keyAttributes,
  partitionKeysOf,
  type StoredIndex,
  type StoredTable,
  sortKeysOf,
} from '../storage/stored-table.ts';
import {
  type AttributeMap,
  type AttributeValue,
  member,
  typeOf,
} from '../values/attribute-value.ts';

const partitionBytesMax = 2048;
const sortBytesMax = 1024;

/** Bytes of a `Key` parameter that must be exactly the table's key. */
export function encodeGivenKey(table: KeyLayout, key: AttributeMap): Buffer {
  const attributes = keyAttributes(table);
  if (Object.keys(key).length !== attributes.length) throw mismatch();
  for (const { name, type } of attributes) {
    const value = member(key, name);
    if (value === undefined || value[type] === undefined) throw mismatch();
  }
  checkKeyValues(table, key);
  return encodeItemKey(table, key);
}

function mismatch(): Error {
  return validationError('The provided key element does not match the schema');
}

/** Bytes of the key that a whole item holds, which must also suit the table's indexes. */
export function encodeKeyOfItem(table: StoredTable, item: AttributeMap): Buffer {
  for (const { name, type } of keyAttributes(table)) {
    const value = member(item, name);
    if (value === undefined) throw invalidParameter(`Missing the key ${name} in the item`);
    if (value[type] !== undefined) continue;
    throw invalidParameter(
      `Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
    );
  }
  checkKeyValues(table, item);
  checkIndexKeys(table, item);
  return encodeItemKey(table, item);
}

/** Emptiness and size of key values of the right types. */
export function checkKeyValues(keys: KeyParts, key: AttributeMap): void {
  for (const attribute of keyAttributes(keys)) {
    checkNotEmpty(attribute, key[attribute.name] as AttributeValue);
  }
  checkSizes(keys, key);
}

/** Of several attributes the sizes count together. */
function checkSizes(keys: KeyParts, item: AttributeMap): void {
  if (totalBytes(partitionKeysOf(keys), item) > partitionBytesMax) {
    throw invalidParameter('Size of hashkey has exceeded the maximum size limit of2048 bytes');
  }
  if (totalBytes(sortKeysOf(keys), item) > sortBytesMax) {
    throw invalidParameter(
      'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
    );
  }
}

function totalBytes(attributes: readonly KeyAttribute[], item: AttributeMap): number {
  let bytes = 0;
  for (const { name } of attributes) {
    const value = member(item, name);
    if (value !== undefined) bytes += keyBytes(value);
  }
  return bytes;
}

/** Also that a text is one: half a surrogate pair has no bytes of its own, so keys would collide. */
export function checkNotEmpty({ name }: KeyAttribute, value: AttributeValue): void {
  if (value.S !== undefined && !value.S.isWellFormed()) {
    throw serializationError('Invalid UTF-16 surrogate pair in a string');
  }
  const kind = emptiness(value);
  if (kind === undefined) return;
  throw validationError(
    'One or more parameter values are not valid. The AttributeValue for a key attribute ' +
      `cannot contain an empty ${kind} value. Key: ${name}`,
  );
}

/** What a transaction refuses as a whole: the other problems of a key are one action's. */
export function refuseEmptyKey(table: KeyLayout, given: AttributeMap): void {
  for (const attribute of keyAttributes(table)) {
    const value = member(given, attribute.name);
    if (value?.[attribute.type] !== undefined) checkNotEmpty(attribute, value);
  }
}

/** What is said of an index's key attribute with an empty value. */
type EmptyKey = (kind: 'string' | 'binary', index: StoredIndex, name: string) => Error;

const givenEmptyKey: EmptyKey = (kind, index, name) =>
  validationError(
    'One or more parameter values are not valid. A value specified for a secondary index key ' +
      'is not supported. The AttributeValue for a key attribute cannot contain an empty ' +
      `${kind} value. IndexName: ${index.name}, IndexKey: ${name}`,
  );

export const updatedEmptyKey: EmptyKey = (kind) =>
  validationError(
    'One or more parameter values are not valid. The update expression attempted to update a ' +
      'secondary index key to a value that is not supported. The AttributeValue for a key ' +
      `attribute cannot contain an empty ${kind} value.`,
  );

/** An item may lack an index's key attributes, but must not have them in another type or empty. */
export function checkIndexKeys(
  table: StoredTable,
  item: AttributeMap,
  emptyKey: EmptyKey = givenEmptyKey,
): void {
  for (const index of table.indexes) {
    for (const attribute of keyAttributes(index)) checkIndexKey(index, attribute, item, emptyKey);
    checkSizes(index, item);
  }
}

function checkIndexKey(
  index: StoredIndex,
  attribute: KeyAttribute,
  item: AttributeMap,
  emptyKey: EmptyKey,
): void {
  const value = member(item, attribute.name);
  if (value === undefined) return;
  const { name, type } = attribute;
  if (value[type] === undefined) {
    throw invalidParameter(
      `Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} ` +
        `IndexName: ${index.name}`,
    );
  }
  const kind = emptiness(value);
  if (kind !== undefined) throw emptyKey(kind, index, name);
}

function emptiness(value: AttributeValue): 'string' | 'binary' | undefined {
  if (value.S === '') return 'string';
  return value.B === '' ? 'binary' : undefined;
}

function keyBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  return value.B === undefined ? 0 : Buffer.byteLength(value.B, 'base64');
}
