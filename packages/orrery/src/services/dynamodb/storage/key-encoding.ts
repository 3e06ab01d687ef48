/**
 * Owns: the bytes of every key in the store. Refuses to own: values (`item-record.ts`).
 *
 *   <space> …                                        one byte says what kind of key it is
 *   items, tombstones   <table:4> <hash:16> <sort key>
 *   index entries       <table:4> <index:2> <hash:16> <index sort key> <hash of the item's key:16>
 *   expiry times        <table:4> <index:2> <epoch seconds:8> <hash of the item's key:16>
 *   change log          <table:4> <sequence:8>
 *   client tokens       <token>, and in order <0:4> <sequence:8>
 *   streams             <stream:4>                   its description; its records with <sequence:8>
 *   collections         <table:4> <hash:16>          sizes of item collections
 *
 * K1  Within one partition key, encoded keys order as DynamoDB orders sort keys: text and binary by
 *     unsigned bytes, numbers by value.
 * K2  Every legal key fits: the longest item key has 1,045 bytes, the longest index key 1,216.
 * K3  A partition key is hashed (SHA-256, first 16 bytes): as in DynamoDB, a Scan comes in an order
 *     that says nothing, and parallel segments are equal ranges of hashes.
 */
import { assert } from '../../../stdx/assert.ts';
import { sha256 } from '../../../stdx/digest.ts';
import { remember } from '../../../stdx/memo.ts';
import type { AttributeMap, AttributeValue, KeyType } from '../values/attribute-value.ts';
import { type Decimal, formatDecimal, parseDecimal } from '../values/decimal.ts';

export const spaces = {
  catalog: 0x01,
  items: 0x02,
  tombstones: 0x03,
  index: 0x04,
  changes: 0x05,
  heads: 0x06,
  /** Tables that are gone while their items are still being removed. */
  dropped: 0x07,
  /** Client tokens of transactions, and the order in which they came. */
  tokens: 0x0a,
  tokenOrder: 0x0b,
  /** Streams, by their own ids: they outlive their tables by a day. */
  streams: 0x08,
  streamRecords: 0x09,
  /** Backups, and their items: <backup:4> and what follows the table in an item's key. */
  backups: 0x0c,
  backupItems: 0x0d,
  /** How many items a table holds. */
  counts: 0x0e,
  /** How large item collections of tables with local indexes are. */
  collections: 0x0f,
  /** Of `replication/`: cursors, conflicts and what else it keeps. */
  replication: 0x10,
} as const;

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

/** What of a table its key bytes depend on. */
export interface KeyLayout {
  readonly id: number;
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | undefined;
}

const prefixLength = 5;
const hashLength = 16;
/** What the keys of all items of one partition key start with. */
export const partitionPrefixLength = prefixLength + hashLength;

/** Key of an item by its key attributes, which must be there, of the right types and not empty. */
export function encodeItemKey(table: KeyLayout, key: AttributeMap): Buffer {
  const hash = partitionHash(keyValue(key, table.partitionKey));
  if (table.sortKey === undefined) {
    const bytes = Buffer.allocUnsafe(prefixLength + hashLength);
    writePrefix(bytes, spaces.items, table.id);
    bytes.set(hash, prefixLength);
    return bytes;
  }
  return itemKeyOf(table.id, hash, encodeSortKey(keyValue(key, table.sortKey)));
}

/** Key of the item with that partition hash and sort key bytes; also a bound of a range. */
export function itemKeyOf(tableId: number, hash: Uint8Array, sortKey: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(prefixLength + hashLength + sortKey.length);
  writePrefix(bytes, spaces.items, tableId);
  bytes.set(hash, prefixLength);
  bytes.set(sortKey, prefixLength + hashLength);
  return bytes;
}

/** The first 16 bytes of the digest of a partition key's bytes. */
export function partitionHash(value: AttributeValue): Uint8Array {
  const text = value.S;
  if (text === undefined) return hashOf(encodeSortKey(value));
  return text.length <= rememberedLength ? hashOfText(text) : hashOf(text);
}

function hashOf(source: Uint8Array | string): Uint8Array {
  return sha256(source).subarray(0, hashLength);
}

/** The digest is a quarter of a GetItem, and partition keys come again. */
const hashOfText = remember(hashOf, 2_048);
const rememberedLength = 128;

/** Bytes that order as DynamoDB orders sort keys of one type. */
export function encodeSortKey(value: AttributeValue): Uint8Array {
  if (value.S !== undefined) return Buffer.from(value.S, 'utf8');
  if (value.B !== undefined) return Buffer.from(value.B, 'base64');
  assert(value.N !== undefined, 'a key attribute is S, N or B');
  const number = parseDecimal(value.N);
  assert(number !== undefined, 'a number that has been checked');
  return encodeNumber(number);
}

/** The reverse of `encodeSortKey`. */
export function decodeSortKey(bytes: Uint8Array, type: KeyType): AttributeValue {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === 'S') return { S: view.toString('utf8') };
  if (type === 'B') return { B: view.toString('base64') };
  return { N: formatDecimal(decodeNumber(bytes)) };
}

const negativeSign = 0x01;
const zeroSign = 0x02;
const positiveSign = 0x03;
const exponentBias = 130;

/**
 * Sign, exponent, then two digits a byte (1 to 100), then an end; a negative number has all of it
 * but the sign inverted. The exponent of a storable number fits a byte exactly.
 */
export function encodeNumber(value: Decimal): Uint8Array {
  if (value.sign === 0) return Uint8Array.of(zeroSign);
  const { digits } = value;
  const pairs = (digits.length + 1) >> 1;
  const bytes = Buffer.allocUnsafe(pairs + 3);
  const flip = value.sign < 0 ? 0xff : 0;
  bytes[0] = value.sign < 0 ? negativeSign : positiveSign;
  bytes[1] = (value.exponent + exponentBias) ^ flip;
  for (let i = 0; i < pairs; i += 1) {
    const high = digits.charCodeAt(2 * i) - 48;
    const low = 2 * i + 1 < digits.length ? digits.charCodeAt(2 * i + 1) - 48 : 0;
    bytes[2 + i] = (high * 10 + low + 1) ^ flip;
  }
  bytes[pairs + 2] = flip;
  return bytes;
}

/** The reverse of `encodeNumber`. */
export function decodeNumber(bytes: Uint8Array): Decimal {
  const sign = bytes[0];
  if (sign === zeroSign) return { sign: 0, digits: '', exponent: 0 };
  assert(sign === negativeSign || sign === positiveSign, 'a number key starts with its sign');
  const flip = sign === negativeSign ? 0xff : 0;
  let digits = '';
  for (let i = 2; i < bytes.length - 1; i += 1) {
    const pair = ((bytes[i] ?? 0) ^ flip) - 1;
    digits += pair < 10 ? `0${pair}` : String(pair);
  }
  return {
    sign: flip === 0 ? 1 : -1,
    digits: digits.endsWith('0') ? digits.slice(0, -1) : digits,
    exponent: ((bytes[1] ?? 0) ^ flip) - exponentBias,
  };
}

/** Where the tombstone of the item with that key stands. */
export function tombstoneKeyOf(itemKey: Uint8Array): Buffer {
  const bytes = Buffer.from(itemKey);
  bytes[0] = spaces.tombstones;
  return bytes;
}

/** The key of the item that a tombstone stands for. */
export function itemKeyOfTombstone(tombstoneKey: Uint8Array): Buffer {
  const bytes = Buffer.from(tombstoneKey);
  bytes[0] = spaces.items;
  return bytes;
}

export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** All keys of a table in one of the spaces that start with the table's id. */
export function tableRange(space: number, tableId: number): KeyRange {
  const start = Buffer.allocUnsafe(prefixLength);
  writePrefix(start, space, tableId);
  return { start, end: after(start) };
}

/** The least key after this one: to go on after the last entry that was seen. */
export function nextKey(key: Uint8Array): Buffer {
  return Buffer.concat([key, Uint8Array.of(0)]);
}

/** The least key that is greater than every key with this prefix. */
export function after(prefix: Uint8Array): Buffer {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  assert(length > 0, 'a prefix with a successor');
  const bytes = Buffer.from(prefix.subarray(0, length));
  bytes[length - 1] = (bytes[length - 1] ?? 0) + 1;
  return bytes;
}

/** Key of a change-log entry. Sequence numbers start at 1. */
export function changeKey(tableId: number, sequence: number): Buffer {
  return numberedKey(spaces.changes, tableId, sequence);
}

/** Key of a stream record. Sequence numbers start at 1. */
export function streamRecordKey(streamId: number, sequence: number): Buffer {
  return numberedKey(spaces.streamRecords, streamId, sequence);
}

function numberedKey(space: number, id: number, sequence: number): Buffer {
  const bytes = Buffer.allocUnsafe(prefixLength + 8);
  writePrefix(bytes, space, id);
  bytes.writeUInt32BE(Math.floor(sequence / 2 ** 32), prefixLength);
  bytes.writeUInt32BE(sequence % 2 ** 32, prefixLength + 4);
  return bytes;
}

/** Where the order of client tokens has the one of that number. */
export function tokenOrderKey(sequence: number): Buffer {
  const bytes = changeKey(0, sequence);
  bytes[0] = spaces.tokenOrder;
  return bytes;
}

/** What all entries of one partition key of an index start with. */
export function indexPrefix(tableId: number, indexId: number, hash: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(7 + hash.length);
  bytes[0] = spaces.index;
  bytes.writeUInt32BE(tableId, 1);
  bytes.writeUInt16BE(indexId, 5);
  bytes.set(hash, 7);
  return bytes;
}

export function sequenceOf(key: Uint8Array): number {
  return Number(Buffer.from(key).readBigUInt64BE(prefixLength));
}

/** A key of one space that holds the table's id and nothing else. */
export function tableKey(space: number, tableId: number): Buffer {
  return tableRange(space, tableId).start;
}

/** A key of one space that is a text: the catalogue's, and replication's own. */
export function textKey(space: number, text: string): Buffer {
  return Buffer.concat([Uint8Array.of(space), Buffer.from(text, 'utf8')]);
}

export function textOfKey(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8', 1);
}

function keyValue(key: AttributeMap, attribute: KeyAttribute): AttributeValue {
  const value = key[attribute.name];
  assert(value !== undefined, 'a key that has been checked');
  return value;
}

function writePrefix(bytes: Buffer, space: number, tableId: number): void {
  bytes[0] = space;
  bytes.writeUInt32BE(tableId, 1);
}
