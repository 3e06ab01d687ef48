/**
 * Patience with services that cannot be reached for a while: a process that restarts, a link that is
 * cut. Owns which requests may be sent again.
 *
 * T1  A request that may have been carried out is sent again only where twice is as good as once.
 */
import { NetError } from '../../../io/io.ts';
import type { Engine } from './engine.ts';

const retryMsMin = 50;
const retryMsMax = 1000;
const patienceMs = 15_000;

/** Operations that make something new each time: their repetition is the resource type's affair. */
const makesAnother = /^(Create|Add|Request|Change)/;

/** Runs a request of that operation until it is answered, or patience is over (`NetError`). */
export async function patiently<T>(
  engine: Engine,
  operation: string,
  run: () => Promise<T>,
): Promise<T> {
  const { clock, timers } = engine.io;
  const startUs = clock.monotonicUs();
  for (let delayMs = retryMsMin; ; delayMs = Math.min(delayMs * 2, retryMsMax)) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      if (error.maybeApplied && makesAnother.test(operation)) throw error;
      if (clock.monotonicUs() - startUs > patienceMs * 1000) throw error;
      await timers.sleep(delayMs, `cloudformation: ${operation} again`);
    }
  }
}
