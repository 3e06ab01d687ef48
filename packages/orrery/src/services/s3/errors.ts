/** Every error that S3 answers with, by the words of AWS. */
import { ServiceError } from '../../endpoint/service.ts';

export function noSuchBucket(BucketName: string): ServiceError {
  return new ServiceError('NoSuchBucket', 'The specified bucket does not exist', {
    status: 404,
    fields: { BucketName },
  });
}

export function noSuchKey(Key: string): ServiceError {
  return new ServiceError('NoSuchKey', 'The specified key does not exist.', {
    status: 404,
    fields: { Key },
  });
}

/** What HEAD answers: the status alone, since there is no body to say more. */
export function notFound(): ServiceError {
  return new ServiceError('NotFound', 'Not Found', { status: 404 });
}

export function bucketAlreadyOwned(BucketName: string): ServiceError {
  return new ServiceError(
    'BucketAlreadyOwnedByYou',
    'Your previous request to create the named bucket succeeded and you already own it.',
    { status: 409, fields: { BucketName } },
  );
}

export function bucketNotEmpty(BucketName: string): ServiceError {
  return new ServiceError('BucketNotEmpty', 'The bucket you tried to delete is not empty', {
    status: 409,
    fields: { BucketName },
  });
}

export function invalidBucketName(BucketName: string): ServiceError {
  return new ServiceError('InvalidBucketName', 'The specified bucket is not valid.', {
    fields: { BucketName },
  });
}

export function keyTooLong(): ServiceError {
  return new ServiceError('KeyTooLongError', 'Your key is too long');
}

export function entityTooLarge(sizeBytes: number, maxBytes: number): ServiceError {
  return new ServiceError(
    'EntityTooLarge',
    'Your proposed upload exceeds the maximum allowed size',
    { fields: { ProposedSize: sizeBytes, MaxSizeAllowed: maxBytes } },
  );
}
