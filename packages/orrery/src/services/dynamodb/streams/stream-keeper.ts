/**
 * Owns: when streams are looked after: shards that are old are closed, records that are older than
 * the retention are removed, in pieces between which requests come.
 *
 *  P1  A piece is a transaction of at most `recordsAtOnce` records; the next one comes after what
 *      waits has been served.
 */
import type { Clock, Timer, Timers } from '../../../io/io.ts';
import type { StreamLog } from '../storage/stream-log.ts';

export interface StreamKeeperOptions {
  readonly retentionMs: number;
  /** Between two looks; a minute. */
  readonly intervalMs?: number;
}

export interface StreamKeeper {
  start(): void;
  stop(): void;
}

const recordsAtOnce = 200;
const intervalMsDefault = 60_000;

export function createStreamKeeper(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  log: StreamLog,
  { retentionMs, intervalMs = intervalMsDefault }: StreamKeeperOptions,
): StreamKeeper {
  let next: Timer | undefined;
  const later = (delayMs: number, label: string, run: () => void): void => {
    next = timers.after(delayMs, label, run);
  };
  const look = (): void => {
    const arns = log.list().map(({ arn }) => arn);
    trimFrom(arns);
  };
  const trimFrom = (arns: string[]): void => {
    for (;;) {
      const stream = log.find(arns[0] ?? '');
      if (stream === undefined && arns.length === 0) break;
      if (stream !== undefined) {
        log.rollIfOld(stream);
        if (log.trim(stream, clock.wallMs() - retentionMs, recordsAtOnce)) {
          later(0, 'old stream records are removed', () => trimFrom(arns));
          return;
        }
      }
      arns.shift();
    }
    later(intervalMs, 'streams are looked after', look);
  };
  return {
    start: () => later(intervalMs, 'streams are looked after', look),
    stop: () => next?.cancel(),
  };
}
