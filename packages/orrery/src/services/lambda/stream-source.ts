/**
 * Owns: how Lambda reads a DynamoDB stream of its region: by the API of DynamoDB Streams, as anyone
 * would, and by the long poll that DynamoDB has for its neighbours (`dynamodb/api.ts`).
 * Refuses to own: what is read when (data-plane/event-sources/).
 *
 * Everything here throws `ServiceError` with the codes of DynamoDB Streams, or `NetError`.
 */
import type {
  DescribeStreamCommandOutput,
  GetShardIteratorCommandOutput,
} from '@aws-sdk/client-dynamodb-streams';
import { callAws } from '../../endpoint/aws-call.ts';
import { postJson, requestJson } from '../../endpoint/internal-json.ts';
import type { Io } from '../../io/io.ts';
import { utf8Decode } from '../../stdx/bytes.ts';
import json from '../../wire/generated/dynamodbstreams.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import type { StreamWaitRequest, StreamWaitResponse } from '../dynamodb/api.ts';

const model = asModel(json);
const deadlineMs = 10_000;
const waitGraceMs = 5_000;

export interface StreamShard {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly first: string;
  /** Undefined while it is open. */
  readonly last: string | undefined;
}

/** A record as GetRecords has it on the wire: binary values in base64, times in seconds. */
export interface StreamRecord {
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number;
    readonly Keys: unknown;
    readonly SequenceNumber: string;
  };
  readonly userIdentity?: { readonly PrincipalId: string; readonly Type: string };
}

export interface StreamPage {
  readonly records: readonly StreamRecord[];
  /** Undefined once the shard is closed and read to its end. */
  readonly next: string | undefined;
  readonly bytes: number;
}

export interface StreamSource {
  /** All shards, parents before their children. */
  shards(): Promise<readonly StreamShard[]>;
  /** From the oldest record that is kept where `after` is empty. */
  iterator(shardId: string, after: string): Promise<string>;
  records(iterator: string, limit: number): Promise<StreamPage>;
  /** Resolves with the newest sequence number once it is greater than `after`, or time is over. */
  wait(after: string, waitMs: number): Promise<string>;
}

export function createStreamSource(
  io: Pick<Io, 'network'>,
  region: string,
  streamArn: string,
): StreamSource {
  const address = { region, service: 'dynamodb' };
  const call = <Output>(operation: string, input: object): Promise<Output> =>
    callAws<Output>(io, address, model, operation, input, { deadlineMs });
  return {
    async shards() {
      const found: StreamShard[] = [];
      let start: string | undefined;
      do {
        const { StreamDescription: page } = await call<DescribeStreamCommandOutput>(
          'DescribeStream',
          { StreamArn: streamArn, ExclusiveStartShardId: start },
        );
        for (const shard of page?.Shards ?? []) {
          found.push({
            id: shard.ShardId ?? '',
            parentId: shard.ParentShardId,
            first: shard.SequenceNumberRange?.StartingSequenceNumber ?? '',
            last: shard.SequenceNumberRange?.EndingSequenceNumber,
          });
        }
        start = page?.LastEvaluatedShardId;
      } while (start !== undefined);
      return found;
    },
    async iterator(shardId, after) {
      const { ShardIterator } = await call<GetShardIteratorCommandOutput>('GetShardIterator', {
        StreamArn: streamArn,
        ShardId: shardId,
        ...(after === ''
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after }),
      });
      return ShardIterator ?? '';
    },
    async records(iterator, limit) {
      // Read as it stands on the wire: the functions get the same text.
      const headers = { 'x-amz-target': `${model.target ?? ''}.GetRecords` };
      const body = { ShardIterator: iterator, Limit: limit };
      const answer = await postJson(io.network, address, '/', body, { deadlineMs, headers });
      const page = JSON.parse(utf8Decode(answer.body)) as {
        readonly Records?: readonly StreamRecord[];
        readonly NextShardIterator?: string;
      };
      return {
        records: page.Records ?? [],
        next: page.NextShardIterator,
        bytes: answer.body.length,
      };
    },
    async wait(after, waitMs) {
      const request: StreamWaitRequest = { streamArn, after, waitMs };
      const to = { region, service: 'dynamodb-streams' };
      const call = { deadlineMs: waitMs + waitGraceMs };
      const { head } = await requestJson<StreamWaitResponse>(
        io.network,
        to,
        '/wait',
        request,
        call,
      );
      return head;
    },
  };
}

/** Order of sequence numbers: digits of different lengths; empty stands before all. */
export function compareSequenceNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
