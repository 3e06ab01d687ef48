/**
 * Asks the same question of every region and gathers what came back. Owns the deadline of such a
 * question and the list of those who did not answer.
 */
import { requestJson } from '../endpoint/internal-json.ts';
import { type Io, NetError, type ServiceAddress } from '../io/io.ts';

/** A region answers a listing within this, or is called unreachable. */
const listingDeadlineMs = 1_000;

/**
 * Calls an internal address with JSON. Rejects with `NetError`, or with `ServiceError` where the
 * service refuses.
 */
export function callInternal<T>(
  io: Io,
  to: ServiceAddress,
  path: string,
  body: unknown,
  deadlineMs = listingDeadlineMs,
): Promise<T> {
  return requestJson<T>(io.network, to, path, body, { deadlineMs });
}

/** Answers by region, and the regions that gave none. */
export async function askRegions<T>(
  regions: readonly string[],
  ask: (region: string) => Promise<T>,
): Promise<{ answers: ReadonlyMap<string, T>; unreachable: readonly string[] }> {
  const answers = new Map<string, T>();
  const unreachable: string[] = [];
  await Promise.all(
    regions.map(async (region) => {
      try {
        answers.set(region, await ask(region));
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        unreachable.push(region);
      }
    }),
  );
  return { answers, unreachable: unreachable.sort() };
}
