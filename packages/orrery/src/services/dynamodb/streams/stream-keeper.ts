/**
 * Owns: when streams are looked after: shards that are old are closed, records that are older than
 * the retention are removed, in pieces between which requests come.
 *
 *  P1  A piece is a transaction, and a turn long (`turns.ts`); a stream with nothing to trim takes
 *      its turn, too.
 */
import type { Clock, Timer, Timers } from '../../../io/io.ts';
import type { StreamLog } from '../storage/stream-log.ts';
import type { Turns } from '../turns.ts';

export interface StreamKeeperOptions {
  readonly retentionMs: number;
  /** Between two looks; a minute. */
  readonly intervalMs?: number;
}

export interface StreamKeeper {
  start(): void;
  stop(): void;
}

const intervalMsDefault = 60_000;

export function createStreamKeeper(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  turns: Turns,
  log: StreamLog,
  { retentionMs, intervalMs = intervalMsDefault }: StreamKeeperOptions,
): StreamKeeper {
  let next: Timer | undefined;
  const later = (): void => {
    next = timers.after(intervalMs, 'streams are looked after', () => {
      trimFrom(log.list().map(({ arn }) => arn));
    });
  };
  const trimFrom = ([arn, ...others]: readonly string[]): void => {
    if (arn === undefined) {
      later();
      return;
    }
    turns.add('old stream records are removed', (turn) => {
      const stream = log.find(arn);
      if (stream !== undefined) log.rollIfOld(stream);
      const more = stream !== undefined && log.trim(stream, clock.wallMs() - retentionMs, turn);
      trimFrom(more ? [arn, ...others] : others);
    });
  };
  return {
    start: later,
    stop: () => next?.cancel(),
  };
}
