/** PutObject, GetObject, HeadObject, DeleteObject, ListObjectsV2. */
import type {
  DeleteObjectRequest,
  GetObjectRequest,
  HeadObjectRequest,
  ListObjectsV2Request,
  PutObjectRequest,
} from '@aws-sdk/client-s3';
import { md5Hex } from '../../../stdx/digest.ts';
import { entityTooLarge, keyTooLong, noSuchBucket, noSuchKey, notFound } from '../errors.ts';
import { keyBytesMax, keyOf, type ObjectRecord, tokenOf } from '../objects.ts';
import type { S3 } from '../service.ts';

/** Of an object; AWS takes 5 GiB in one request. */
export const objectBytesMax = 64 * 1024 * 1024;
const listKeysMax = 1000;

export function putObject({ io, objects }: S3) {
  return async (
    input: Omit<PutObjectRequest, 'Body'> & { readonly Body?: Uint8Array },
  ): Promise<object> => {
    const { Bucket: bucket = '', Key: key = '' } = input;
    const body = input.Body ?? new Uint8Array();
    if (objects.bucket(bucket) === undefined) throw noSuchBucket(bucket);
    if (Buffer.byteLength(key) > keyBytesMax) throw keyTooLong();
    if (body.length > objectBytesMax) throw entityTooLarge(body.length, objectBytesMax);
    const etag = `"${md5Hex(body)}"`;
    const record = {
      key,
      etag,
      modifiedMs: io.clock.wallMs(),
      metadata: input.Metadata ?? {},
      ...(input.ContentType === undefined ? {} : { contentType: input.ContentType }),
      ...(input.ContentEncoding === undefined ? {} : { contentEncoding: input.ContentEncoding }),
      ...(input.CacheControl === undefined ? {} : { cacheControl: input.CacheControl }),
    };
    objects.put(bucket, record, body);
    await objects.flushed();
    return { ETag: etag, ServerSideEncryption: 'AES256' };
  };
}

export function getObject({ objects }: S3) {
  return ({ Bucket: bucket = '', Key: key = '' }: GetObjectRequest): object => {
    if (objects.bucket(bucket) === undefined) throw noSuchBucket(bucket);
    const record = objects.object(bucket, key);
    if (record === undefined) throw noSuchKey(key);
    return { ...headersOf(record), Body: objects.bytes(bucket, record) };
  };
}

export function headObject({ objects }: S3) {
  return ({ Bucket: bucket = '', Key: key = '' }: HeadObjectRequest): object => {
    const record = objects.bucket(bucket) && objects.object(bucket, key);
    if (record === undefined) throw notFound();
    return headersOf(record);
  };
}

function headersOf(record: ObjectRecord): object {
  return {
    ContentLength: record.sizeBytes,
    ContentType: record.contentType ?? 'binary/octet-stream',
    ContentEncoding: record.contentEncoding,
    CacheControl: record.cacheControl,
    ETag: record.etag,
    LastModified: record.modifiedMs,
    Metadata: record.metadata,
    ServerSideEncryption: 'AES256',
  };
}

export function deleteObject({ objects }: S3) {
  return async ({ Bucket: bucket = '', Key: key = '' }: DeleteObjectRequest): Promise<object> => {
    if (objects.bucket(bucket) === undefined) throw noSuchBucket(bucket);
    objects.delete(bucket, key);
    await objects.flushed();
    return {};
  };
}

export function listObjectsV2({ objects }: S3) {
  return (input: ListObjectsV2Request): object => {
    const { Bucket: bucket = '', Prefix: prefix = '', Delimiter: delimiter = '' } = input;
    if (objects.bucket(bucket) === undefined) throw noSuchBucket(bucket);
    const token = input.ContinuationToken;
    const after = token === undefined ? (input.StartAfter ?? '') : keyOf(token);
    const keysMax = Math.min(input.MaxKeys ?? listKeysMax, listKeysMax);
    const contents: object[] = [];
    const prefixes = new Set<string>();
    let last = after;
    let truncated = false;
    for (const record of objects.list(bucket, prefix, after)) {
      const folder = folderOf(record.key, prefix, delimiter);
      // A folder that the last page ended with was listed there.
      if (folder !== undefined && (prefixes.has(folder) || after.startsWith(folder))) {
        last = record.key;
        continue;
      }
      if (contents.length + prefixes.size >= keysMax) {
        truncated = true;
        break;
      }
      last = record.key;
      if (folder === undefined) contents.push(summaryOf(record));
      else prefixes.add(folder);
    }
    return {
      Name: bucket,
      Prefix: prefix,
      Delimiter: input.Delimiter,
      MaxKeys: keysMax,
      KeyCount: contents.length + prefixes.size,
      IsTruncated: truncated,
      Contents: contents,
      CommonPrefixes: [...prefixes].map((Prefix) => ({ Prefix })),
      ContinuationToken: token,
      StartAfter: input.StartAfter,
      NextContinuationToken: truncated ? tokenOf(last) : undefined,
    };
  };
}

function folderOf(key: string, prefix: string, delimiter: string): string | undefined {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : key.slice(0, at + delimiter.length);
}

function summaryOf(record: ObjectRecord): object {
  return {
    Key: record.key,
    LastModified: record.modifiedMs,
    ETag: record.etag,
    Size: record.sizeBytes,
    StorageClass: 'STANDARD',
  };
}
