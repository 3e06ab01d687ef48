/**
 * The internal address `dynamodb-streams`: waiting for something to read in a stream, instead of
 * asking four times a second. Refuses to own reading: that is GetRecords, for everyone.
 */
import { jsonHandler } from '../../../endpoint/internal-json.ts';
import type { Handler, Io } from '../../../io/io.ts';
import type { StreamWaitRequest, StreamWaitResponse } from '../api.ts';
import { existingStream, parseSequenceNumber, type Streams, sequenceNumber } from './streams.ts';

const waitMsMax = 30_000;

export function createStreamWatch(io: Pick<Io, 'timers'>, streams: Streams): Handler {
  return jsonHandler({
    '/wait': (body) => wait(io, streams, body as unknown as StreamWaitRequest),
  });
}

/** A stream that goes while it is waited for ends the wait as one that was never there. */
async function wait(
  { timers }: Pick<Io, 'timers'>,
  streams: Streams,
  { streamArn, after, waitMs }: StreamWaitRequest,
): Promise<StreamWaitResponse> {
  const read = parseSequenceNumber(after) ?? 0;
  const head = (): number => streams.log.head(existingStream(streams, streamArn));
  if (head() <= read && waitMs > 0) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stopListening();
        timer.cancel();
        resolve();
      };
      const stopListening = streams.log.onChange(streamArn, done);
      const timer = timers.after(Math.min(waitMs, waitMsMax), 'dynamodb.stream-wait', done);
    });
  }
  const newest = head();
  return { head: newest === 0 ? '' : sequenceNumber(newest) };
}
