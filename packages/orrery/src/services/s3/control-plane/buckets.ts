/** CreateBucket, DeleteBucket, HeadBucket, ListBuckets, GetBucketLocation, GetBucketEncryption. */
import type {
  CreateBucketRequest,
  DeleteBucketRequest,
  GetBucketEncryptionOutput,
  GetBucketEncryptionRequest,
  GetBucketLocationOutput,
  GetBucketLocationRequest,
  HeadBucketOutput,
  HeadBucketRequest,
} from '@aws-sdk/client-s3';
import {
  bucketAlreadyOwned,
  bucketNotEmpty,
  invalidBucketName,
  noSuchBucket,
  notFound,
} from '../errors.ts';
import type { BucketRecord } from '../objects.ts';
import type { S3 } from '../service.ts';

export function createBucket({ io, objects, region }: S3) {
  return async ({ Bucket: name = '' }: CreateBucketRequest): Promise<{ Location: string }> => {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw invalidBucketName(name);
    if (objects.bucket(name) !== undefined) {
      // us-east-1 alone takes a repetition for success.
      if (region !== 'us-east-1') throw bucketAlreadyOwned(name);
    } else {
      objects.putBucket({ name, createdMs: io.clock.wallMs() });
      await objects.flushed();
    }
    return { Location: `/${name}` };
  };
}

export function deleteBucket({ objects }: S3) {
  return async ({ Bucket: name = '' }: DeleteBucketRequest): Promise<undefined> => {
    if (objects.bucket(name) === undefined) throw noSuchBucket(name);
    for (const _object of objects.list(name, '', '')) throw bucketNotEmpty(name);
    objects.deleteBucket(name);
    await objects.flushed();
    return undefined;
  };
}

export function headBucket({ objects, region }: S3) {
  return ({ Bucket: name = '' }: HeadBucketRequest): HeadBucketOutput => {
    if (objects.bucket(name) === undefined) throw notFound();
    return { BucketRegion: region, AccessPointAlias: false };
  };
}

export function listBuckets({ objects }: S3) {
  return (): object => ({
    Buckets: objects
      .buckets()
      .map(({ name, createdMs }: BucketRecord) => ({ Name: name, CreationDate: createdMs })),
    Owner: { ID: 'orrery' },
  });
}

export function getBucketLocation({ objects, region }: S3) {
  return ({ Bucket: name = '' }: GetBucketLocationRequest): GetBucketLocationOutput => {
    if (objects.bucket(name) === undefined) throw noSuchBucket(name);
    if (region === 'us-east-1') return {};
    return {
      LocationConstraint: region as NonNullable<GetBucketLocationOutput['LocationConstraint']>,
    };
  };
}

/** AWS encrypts every bucket so unless told otherwise. Here it is an answer, not a fact. */
export function getBucketEncryption({ objects }: S3) {
  return ({ Bucket: name = '' }: GetBucketEncryptionRequest): GetBucketEncryptionOutput => {
    if (objects.bucket(name) === undefined) throw noSuchBucket(name);
    return {
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
            BucketKeyEnabled: false,
          },
        ],
      },
    };
  };
}
