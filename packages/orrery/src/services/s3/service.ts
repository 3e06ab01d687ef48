/**
 * Amazon S3 of one region, as far as deploying needs it: buckets and whole objects. Each region
 * comes bootstrapped for the CDK: its assets bucket stands.
 */
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import model from '../../wire/generated/s3.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import * as buckets from './control-plane/buckets.ts';
import * as data from './data-plane/objects.ts';
import { Objects } from './objects.ts';

export interface S3Options {
  readonly region: string;
  readonly accountId?: string;
}

/** What every operation works with. */
export interface S3 {
  readonly io: Io;
  readonly region: string;
  readonly objects: Objects;
}

/** Opens the store `s3` of this process. Throws `StorageError`. */
export async function createS3Service(io: Io, options: S3Options): Promise<Service> {
  const objects = new Objects(await io.storage.open('s3'));
  const s3: S3 = { io, region: options.region, objects };
  const assets = `cdk-hnb659fds-assets-${options.accountId ?? '000000000000'}-${options.region}`;
  if (objects.bucket(assets) === undefined) {
    objects.putBucket({ name: assets, createdMs: io.clock.wallMs() });
  }
  return {
    name: 's3',
    model: asModel(model),
    // Chunked uploads wrap the object in some more bytes.
    bodyBytesMax: data.objectBytesMax + 1024 * 1024,
    operations: {
      CreateBucket: buckets.createBucket(s3),
      DeleteBucket: buckets.deleteBucket(s3),
      HeadBucket: buckets.headBucket(s3),
      ListBuckets: buckets.listBuckets(s3),
      GetBucketLocation: buckets.getBucketLocation(s3),
      GetBucketEncryption: buckets.getBucketEncryption(s3),
      PutObject: data.putObject(s3),
      GetObject: data.getObject(s3),
      HeadObject: data.headObject(s3),
      DeleteObject: data.deleteObject(s3),
      ListObjectsV2: data.listObjectsV2(s3),
    },
    stop: () => objects.close(),
  };
}
