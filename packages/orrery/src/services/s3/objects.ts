/**
 * Buckets and objects of one region as they are kept: an object's record, and its bytes in pieces
 * of base64 text. Refuses to own requests (`control-plane/`, `data-plane/`).
 *
 * O1  A record and the pieces it names are written, replaced and deleted in one transaction.
 */
import type { Store, WriteTransaction } from '../../io/io.ts';
import { assert } from '../../stdx/assert.ts';
import {
  base64Decode,
  base64Encode,
  concatBytes,
  utf8Decode,
  utf8Encode,
} from '../../stdx/bytes.ts';

export interface BucketRecord {
  readonly name: string;
  readonly createdMs: number;
}

export interface ObjectRecord {
  readonly key: string;
  readonly sizeBytes: number;
  /** With its quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly pieces: number;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly cacheControl?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const pieceBytes = 512 * 1024;
const bucketNameMax = 63;
/** Of an object's key. */
export const keyBytesMax = 1024;

export class Objects {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  flushed(): Promise<void> {
    return this.#store.flushed();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  bucket(name: string): BucketRecord | undefined {
    if (name.length > bucketNameMax) return undefined;
    return this.#read<BucketRecord>(`bucket/${name}`);
  }

  buckets(): BucketRecord[] {
    const found = this.#store.range(below('bucket/'));
    return [...found].map(({ value }) => JSON.parse(value) as BucketRecord);
  }

  putBucket(bucket: BucketRecord): void {
    this.#store.transaction((transaction) => {
      transaction.put(utf8Encode(`bucket/${bucket.name}`), JSON.stringify(bucket));
    });
  }

  deleteBucket(name: string): void {
    this.#store.transaction((transaction) => transaction.delete(utf8Encode(`bucket/${name}`)));
  }

  object(bucket: string, key: string): ObjectRecord | undefined {
    if (Buffer.byteLength(key) > keyBytesMax) return undefined;
    return this.#read<ObjectRecord>(objectKey(bucket, key));
  }

  bytes(bucket: string, record: ObjectRecord): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (let n = 0; n < record.pieces; n += 1) {
      const text = this.#store.get(utf8Encode(pieceKey(bucket, record.key, n)));
      const piece = text === undefined ? undefined : base64Decode(text);
      assert(piece !== undefined, `piece ${n} of ${bucket}/${record.key} is there`);
      pieces.push(piece);
    }
    return concatBytes(pieces);
  }

  put(bucket: string, object: Omit<ObjectRecord, 'pieces' | 'sizeBytes'>, body: Uint8Array): void {
    const pieces = Math.ceil(body.length / pieceBytes);
    const record: ObjectRecord = { ...object, sizeBytes: body.length, pieces };
    this.#store.transaction((transaction) => {
      deleteObject(transaction, bucket, object.key);
      transaction.put(utf8Encode(objectKey(bucket, object.key)), JSON.stringify(record));
      for (let n = 0; n < pieces; n += 1) {
        const piece = body.subarray(n * pieceBytes, (n + 1) * pieceBytes);
        transaction.put(utf8Encode(pieceKey(bucket, object.key, n)), base64Encode(piece));
      }
    });
  }

  delete(bucket: string, key: string): void {
    if (Buffer.byteLength(key) > keyBytesMax) return;
    this.#store.transaction((transaction) => deleteObject(transaction, bucket, key));
  }

  /** Objects whose keys start with `prefix`, in key order, after `after`; one at a time. */
  *list(bucket: string, prefix: string, after: string): Generator<ObjectRecord> {
    if (Buffer.byteLength(prefix + after) > 2 * keyBytesMax) return;
    const { end } = below(objectKey(bucket, prefix));
    const first = after >= prefix && after !== '' ? `${after}\0` : prefix;
    for (const { value } of this.#store.range({
      start: utf8Encode(objectKey(bucket, first)),
      end,
    })) {
      yield JSON.parse(value) as ObjectRecord;
    }
  }

  #read<T>(key: string): T | undefined {
    const text = this.#store.get(utf8Encode(key));
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }
}

function deleteObject(transaction: WriteTransaction, bucket: string, key: string): void {
  const name = utf8Encode(objectKey(bucket, key));
  const text = transaction.get(name);
  if (text === undefined) return;
  const { pieces } = JSON.parse(text) as ObjectRecord;
  transaction.delete(name);
  for (let n = 0; n < pieces; n += 1) transaction.delete(utf8Encode(pieceKey(bucket, key, n)));
}

function objectKey(bucket: string, key: string): string {
  return `object/${bucket}/${key}`;
}

function pieceKey(bucket: string, key: string, n: number): string {
  return `piece/${bucket}/${key}\0${String(n).padStart(4, '0')}`;
}

/** Every key that starts with a text: 0xff stands after all of UTF-8. */
function below(prefix: string): { readonly start: Uint8Array; readonly end: Uint8Array } {
  const start = utf8Encode(prefix);
  return { start, end: concatBytes([start, Uint8Array.of(0xff)]) };
}

/** The text of a continuation token, and back. */
export function tokenOf(key: string): string {
  return base64Encode(utf8Encode(key));
}

export function keyOf(token: string): string {
  return utf8Decode(base64Decode(token) ?? new Uint8Array());
}
