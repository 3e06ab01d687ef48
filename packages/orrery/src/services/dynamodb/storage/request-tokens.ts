/**
 * Owns: which transactions of the last ten minutes were carried out under which client token, so
 * that a repeated request does nothing a second time, also after a restart.
 *
 *  Y1  A token is remembered in the transaction that it stands for: both are there, or neither.
 *  Y2  At most `tokensMax` are kept: beyond it the oldest goes, whatever its age.
 *  Y3  Expired ones are swept away by a timer that runs only while there are any.
 */
import type {
  Clock,
  ReadTransaction,
  Store,
  Timer,
  Timers,
  WriteTransaction,
} from '../../../io/io.ts';
import { sequenceOf, spaces, tableRange, textKey, tokenOrderKey } from './key-encoding.ts';

const lifeMs = 10 * 60_000;
const sweepEveryMs = 60_000;
const sweptAtOnce = 500;
const tokensMax = 500_000;

export interface RequestTokens {
  /** Digest of the request that was carried out under that token, if one was lately. */
  find(transaction: ReadTransaction, token: string): string | undefined;
  remember(transaction: WriteTransaction, token: string, digest: string): void;
  /** Sweeps what an earlier process has left. */
  resume(): void;
  stop(): void;
}

interface Remembered {
  readonly sequence: number;
  readonly expiresMs: number;
  readonly digest: string;
}

export function openRequestTokens(
  store: Store,
  clock: Clock,
  timers: Timers,
  keep = tokensMax,
): RequestTokens {
  let timer: Timer | undefined;

  const arm = (delayMs: number): void => {
    timer ??= timers.after(delayMs, 'request tokens are swept', () => {
      timer = undefined;
      const { swept, left } = sweep(store, clock.wallMs());
      if (swept === sweptAtOnce) arm(0);
      else if (left) arm(sweepEveryMs);
    });
  };

  return {
    find: (transaction, token) => {
      const found = read(transaction, token);
      return found !== undefined && found.expiresMs > clock.wallMs() ? found.digest : undefined;
    },
    remember: (transaction, token, digest) => {
      const sequence = (edge(transaction, true)?.sequence ?? 0) + 1;
      const oldest = edge(transaction, false);
      if (oldest !== undefined && sequence - oldest.sequence >= keep) forget(transaction, oldest);
      const expiresMs = clock.wallMs() + lifeMs;
      const value = JSON.stringify({ sequence, expiresMs, digest } satisfies Remembered);
      transaction.put(textKey(spaces.tokens, token), value);
      transaction.put(tokenOrderKey(sequence), token);
      arm(sweepEveryMs);
    },
    resume: () => {
      if (edge(store, false) !== undefined) arm(sweepEveryMs);
    },
    stop: () => timer?.cancel(),
  };
}

function read(transaction: ReadTransaction, token: string): Remembered | undefined {
  const text = transaction.get(textKey(spaces.tokens, token));
  return text === undefined ? undefined : (JSON.parse(text) as Remembered);
}

interface Place {
  readonly sequence: number;
  readonly token: string;
}

/** The oldest or the newest token. */
function edge(transaction: ReadTransaction, newest: boolean): Place | undefined {
  const range = tableRange(spaces.tokenOrder, 0);
  for (const { key, value } of transaction.range({ ...range, reverse: newest, limit: 1 })) {
    return { sequence: sequenceOf(key), token: value };
  }
  return undefined;
}

/** A token that was used again stands at a later place too, and stays. */
function forget(transaction: WriteTransaction, { sequence, token }: Place): void {
  transaction.delete(tokenOrderKey(sequence));
  if (read(transaction, token)?.sequence !== sequence) return;
  transaction.delete(textKey(spaces.tokens, token));
}

function sweep(store: Store, nowMs: number): { readonly swept: number; readonly left: boolean } {
  return store.transaction((transaction) => {
    const range = tableRange(spaces.tokenOrder, 0);
    const places = [...transaction.range({ ...range, limit: sweptAtOnce })].map(
      ({ key, value }): Place => ({ sequence: sequenceOf(key), token: value }),
    );
    let swept = 0;
    for (const place of places) {
      const found = read(transaction, place.token);
      const isLive = found?.sequence === place.sequence && found.expiresMs > nowMs;
      if (isLive) return { swept, left: true };
      forget(transaction, place);
      swept += 1;
    }
    return { swept, left: swept === sweptAtOnce };
  });
}
