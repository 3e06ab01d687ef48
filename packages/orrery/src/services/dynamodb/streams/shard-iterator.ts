/**
 * Owns: the text of shard iterators, and that no other text is taken for one. Pure.
 *
 *  <stream ARN>|1|<base64url of shard, position, time and a digest of all of it>
 *
 *  I1  What this module has not made, or what was made for another stream and rewritten, is refused.
 */
import { sha256 } from '../../../stdx/digest.ts';
import { validationError } from '../errors.ts';

export interface ShardIterator {
  readonly streamArn: string;
  readonly shardOrdinal: number;
  /** Number of the record to read next; 0: the oldest that is kept. */
  readonly position: number;
  readonly madeMs: number;
}

const digestBytes = 9;

export function encodeIterator(iterator: ShardIterator): string {
  const { streamArn, shardOrdinal, position, madeMs } = iterator;
  const body = `${shardOrdinal}.${position}.${madeMs}`;
  const text = Buffer.from(`${body}.${digest(streamArn, body)}`).toString('base64url');
  return `${streamArn}|1|${text}`;
}

export function decodeIterator(text: string): ShardIterator {
  const [streamArn = '', version, body = '', ...rest] = text.split('|');
  if (version !== '1' || rest.length > 0) throw invalidIterator();
  const parts = /^(\d+)\.(\d+)\.(\d+)\.([\w-]+)$/.exec(Buffer.from(body, 'base64url').toString());
  if (parts === null) throw invalidIterator();
  const [, shard = '', position = '', madeMs = '', given] = parts;
  if (digest(streamArn, `${shard}.${position}.${madeMs}`) !== given) throw invalidIterator();
  return {
    streamArn,
    shardOrdinal: Number(shard),
    position: Number(position),
    madeMs: Number(madeMs),
  };
}

export function invalidIterator(): Error {
  return validationError('Invalid ShardIterator');
}

function digest(streamArn: string, body: string): string {
  const bytes = sha256(`${streamArn}|${body}`).subarray(0, digestBytes);
  return Buffer.from(bytes).toString('base64url');
}
