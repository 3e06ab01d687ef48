import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServiceError } from '../../endpoint/service.ts';
import { type FakeCloud, fakeCloud } from '../cloudformation/cloud.fake.ts';
import { createS3Service } from './service.ts';

const region = 'eu-central-1';

async function cloud(): Promise<FakeCloud> {
  return await fakeCloud({
    regions: [region],
    regionServices: async (io) => [await createS3Service(io, { region })],
    edgeServices: () => Promise.resolve([]),
  });
}

const fails = (promise: Promise<unknown>, code: string, status: number): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert(error instanceof ServiceError);
    assert.deepEqual([error.code, error.status], [code, status]);
    return true;
  });

describe('S3', () => {
  it('keeps objects of any bytes, whole, over a crash', async () => {
    const { call, universe } = await cloud();
    const Bucket = `cdk-hnb659fds-assets-000000000000-${region}`;
    const large = new Uint8Array(1_500_000).map((_byte, n) => n * 31);
    const put = { Bucket, Key: 'a/b c+ü.zip', Body: large, ContentType: 'application/zip' };
    await call('s3', 'PutObject', { ...put, Metadata: { one: '1' } });
    await call('s3', 'PutObject', { Bucket, Key: 'empty' });
    universe.crash(`region/${region}`);
    universe.restart(`region/${region}`);
    await universe.runUntil(universe.nowUs + 1_000_000);
    const got = await call<Record<string, unknown>>('s3', 'GetObject', { Bucket, Key: put.Key });
    assert.deepEqual(Buffer.from(got['Body'] as Uint8Array), Buffer.from(large));
    assert.equal(got['ContentType'], 'application/zip');
    assert.deepEqual({ ...(got['Metadata'] as object) }, { one: '1' });
    const head = await call<Record<string, unknown>>('s3', 'HeadObject', { Bucket, Key: 'empty' });
    assert.equal(head['ContentLength'], 0);
    assert.equal(head['ETag'], '"d41d8cd98f00b204e9800998ecf8427e"');
    // A shorter object leaves nothing of the longer one.
    await call('s3', 'PutObject', { Bucket, Key: put.Key, Body: Buffer.from('short') });
    const short = await call<Record<string, unknown>>('s3', 'GetObject', { Bucket, Key: put.Key });
    assert.equal(Buffer.from(short['Body'] as Uint8Array).toString(), 'short');
    await call('s3', 'DeleteObject', { Bucket, Key: put.Key });
    await call('s3', 'DeleteObject', { Bucket, Key: put.Key });
    await fails(call('s3', 'GetObject', { Bucket, Key: put.Key }), 'NoSuchKey', 404);
  });

  it('lists by prefix, folder and page', async () => {
    const { call } = await cloud();
    const Bucket = 'mine';
    await call('s3', 'CreateBucket', { Bucket });
    for (const Key of ['a', 'b/1', 'b/2', 'b/3/x', 'c', 'd/1']) {
      await call('s3', 'PutObject', { Bucket, Key, Body: Buffer.from(Key) });
    }
    interface Listed {
      readonly Contents?: { Key: string }[];
      readonly CommonPrefixes?: { Prefix: string }[];
      readonly IsTruncated: boolean;
      readonly NextContinuationToken?: string;
    }
    const list = async (input: object): Promise<string[][]> => {
      const pages: string[][] = [];
      let token: string | undefined;
      do {
        const more = token === undefined ? {} : { ContinuationToken: token };
        const page = await call<Listed>('s3', 'ListObjectsV2', { Bucket, ...input, ...more });
        const keys = (page.Contents ?? []).map(({ Key }) => Key);
        pages.push([...keys, ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix)]);
        token = page.NextContinuationToken;
        assert.equal(page.IsTruncated, token !== undefined);
      } while (token !== undefined);
      return pages;
    };
    assert.deepEqual(await list({}), [['a', 'b/1', 'b/2', 'b/3/x', 'c', 'd/1']]);
    assert.deepEqual(await list({ Prefix: 'b/' }), [['b/1', 'b/2', 'b/3/x']]);
    assert.deepEqual(await list({ Delimiter: '/' }), [['a', 'c', 'b/', 'd/']]);
    assert.deepEqual(await list({ Prefix: 'b/', Delimiter: '/' }), [['b/1', 'b/2', 'b/3/']]);
    assert.deepEqual(await list({ MaxKeys: 4 }), [
      ['a', 'b/1', 'b/2', 'b/3/x'],
      ['c', 'd/1'],
    ]);
    assert.deepEqual(await list({ MaxKeys: 2, Delimiter: '/' }), [
      ['a', 'b/'],
      ['c', 'd/'],
    ]);
    assert.deepEqual(await list({ StartAfter: 'b/2' }), [['b/3/x', 'c', 'd/1']]);
    await fails(call('s3', 'DeleteBucket', { Bucket }), 'BucketNotEmpty', 409);
  });

  it('answers for buckets as AWS does', async () => {
    const { call } = await cloud();
    await call('s3', 'CreateBucket', { Bucket: 'mine' });
    await fails(call('s3', 'CreateBucket', { Bucket: 'mine' }), 'BucketAlreadyOwnedByYou', 409);
    await fails(call('s3', 'CreateBucket', { Bucket: 'Not_Mine' }), 'InvalidBucketName', 400);
    await fails(call('s3', 'PutObject', { Bucket: 'none', Key: 'a' }), 'NoSuchBucket', 404);
    const long = { Bucket: 'mine', Key: 'x'.repeat(3000) };
    await fails(call('s3', 'PutObject', long), 'KeyTooLongError', 400);
    await fails(call('s3', 'GetObject', long), 'NoSuchKey', 404);
    await fails(call('s3', 'GetObject', { ...long, Bucket: long.Key }), 'NoSuchBucket', 404);
    await call('s3', 'HeadBucket', { Bucket: 'mine' });
    const location = await call('s3', 'GetBucketLocation', { Bucket: 'mine' });
    assert.deepEqual(location, { LocationConstraint: region });
    const { Buckets } = await call<{ Buckets: { Name: string }[] }>('s3', 'ListBuckets', {});
    assert.deepEqual(
      Buckets.map(({ Name }) => Name),
      [`cdk-hnb659fds-assets-000000000000-${region}`, 'mine'],
    );
    await call('s3', 'DeleteBucket', { Bucket: 'mine' });
    await assert.rejects(call('s3', 'HeadBucket', { Bucket: 'mine' }), { status: 404 });
  });
});
