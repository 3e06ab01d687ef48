/** ListStreams: streams of all tables or of one, also those that are off but still readable. */
import type { ListStreamsInput, ListStreamsOutput } from '@aws-sdk/client-dynamodb-streams';
import { atLeast, atMost, checkConstraints, type Rules } from '../constraints.ts';
import { tableNameConstraints, tableNameOf } from '../table-names.ts';
import { existingStream, type Streams, streamArnConstraints } from './streams.ts';

const limitMax = 100;

const rules: Rules = [
  ['Limit', atLeast(1), atMost(limitMax)],
  ['ExclusiveStartStreamArn', ...streamArnConstraints],
];

export function listStreams(streams: Streams, input: ListStreamsInput): ListStreamsOutput {
  const named = input.TableName !== undefined;
  checkConstraints(input, named ? [['TableName', ...tableNameConstraints], ...rules] : rules);
  const name = named ? tableNameOf(input.TableName ?? '', streams.region) : undefined;
  const after = input.ExclusiveStartStreamArn;
  const afterId = after === undefined ? 0 : existingStream(streams, after).id;
  const found = streams.log
    .list()
    .filter(({ id, tableName }) => id > afterId && (name === undefined || tableName === name));
  const page = found.slice(0, input.Limit ?? limitMax);
  const last = page.at(-1);
  return {
    Streams: page.map(({ arn, tableName, label }) => ({
      StreamArn: arn,
      TableName: tableName,
      StreamLabel: label,
    })),
    ...(last !== undefined && found.length > page.length && { LastEvaluatedStreamArn: last.arn }),
  };
}
