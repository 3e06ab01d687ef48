/**
 * Owns: what becomes of one batch: invocations one after another, with retries, until each of its
 * records has been handled or given up. Refuses to own: which records make a batch (lane.ts).
 *
 * D1  Records of a batch are handled in their order; nothing comes after a record that has been
 *     neither handled nor given up.
 * D2  Only an invocation that the function failed uses up a retry. Where the function could not be
 *     invoked (throttled, gone) the batch is tried again for as long as its records are young enough.
 *     How many retries were used up is forgotten when the process ends.
 * D3  A batch that is split uses up no retry; a record alone is split no further. Where the function
 *     says where it failed, what was before is behind, and the batch begins there.
 * D4  Retries wait one second, then twice as long each time, up to a minute (÷ time scale): AWS does
 *     not say how long it waits. Where something was handled, or the batch split, it is one again.
 */
import { handledCount } from './batch-response.ts';
import type { StopSignal } from './stop-signal.ts';
import type { PendingRecord } from './stream-event.ts';

export type GivenUp = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export interface Answer {
  readonly payload: Uint8Array;
  readonly failed: boolean;
}

export interface DeliveryRules {
  /** -1: without end. */
  readonly retryAttemptsMax: number;
  /** Of a record, in milliseconds as this cloud counts them; Infinity for all ages. */
  readonly recordAgeMaxMs: number;
  readonly bisects: boolean;
  readonly reportsItemFailures: boolean;
  readonly timeScale: number;
}

export interface DeliveryTools {
  readonly rules: DeliveryRules;
  readonly stop: StopSignal;
  readonly nowMs: () => number;
  /** Undefined where the function could not be invoked. */
  readonly invoke: (records: readonly PendingRecord[]) => Promise<Answer | undefined>;
  readonly handled: (records: readonly PendingRecord[]) => void;
  /** `invocations`: how many had these records, and failed. */
  readonly givenUp: (records: readonly PendingRecord[], why: GivenUp, invocations: number) => void;
}

interface Part {
  readonly records: readonly PendingRecord[];
  /** Retries that it has used up. */
  readonly attempts: number;
}

const retryFirstMs = 1_000;
const retryMaxMs = 60_000;

/** Resolves when all is handled or given up, or stopped; what is neither then comes again. */
export async function deliver(
  tools: DeliveryTools,
  records: readonly PendingRecord[],
): Promise<void> {
  const { rules, stop } = tools;
  const parts: Part[] = [{ records, attempts: 0 }];
  let failures = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const young = withoutOld(tools, part);
    if (young.records.length === 0) continue;
    if (stop.isStopped) return;
    const answer = await tools.invoke(young.records);
    const rest = answer === undefined ? [young] : afterAnswer(tools, young, answer);
    parts.unshift(...rest);
    const isShorter = rest[0]?.records.length !== young.records.length;
    failures = isShorter ? 0 : failures;
    if (rest.length === 0) continue;
    failures += 1;
    const waitMs = Math.min(retryFirstMs * 2 ** (failures - 1), retryMaxMs) / rules.timeScale;
    await stop.sleep(waitMs, 'lambda stream retry');
  }
}

/** What is left to be done of a part, in order; empty where all is handled or given up. */
function afterAnswer(tools: DeliveryTools, part: Part, answer: Answer): Part[] {
  const { bisects, reportsItemFailures, retryAttemptsMax } = tools.rules;
  const { records, attempts } = part;
  const sequences = records.map(({ sequence }) => sequence);
  const count = handledCount(answer, sequences, reportsItemFailures);
  tools.handled(records.slice(0, count));
  const rest = records.slice(count);
  if (rest.length === 0) return [];
  if (bisects && records.length > 1) {
    if (count > 0) return [{ records: rest, attempts }];
    const middle = Math.ceil(rest.length / 2);
    return [
      { records: rest.slice(0, middle), attempts },
      { records: rest.slice(middle), attempts },
    ];
  }
  if (retryAttemptsMax !== -1 && attempts >= retryAttemptsMax) {
    tools.givenUp(rest, 'RetryAttemptsExhausted', attempts + 1);
    return [];
  }
  return [{ records: rest, attempts: attempts + 1 }];
}

function withoutOld(tools: DeliveryTools, part: Part): Part {
  const oldestMs = tools.nowMs() - tools.rules.recordAgeMaxMs;
  const old = part.records.filter(({ createdMs }) => createdMs < oldestMs);
  if (old.length === 0) return part;
  tools.givenUp(old, 'RecordAgeExceeded', part.attempts);
  return { ...part, records: part.records.filter(({ createdMs }) => createdMs >= oldestMs) };
}
