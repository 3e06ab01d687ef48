import { describeIo } from '../io.case.ts';
import { inMacrotask } from './drain.ts';
import { createUniverse } from './universe.ts';

describeIo('io/simulated', async ({ seed, rttMs }) => {
  const universe = await createUniverse({
    seed,
    strict: false,
    network: { rttUs: (a, b) => (a === b ? 0 : rttMs * 1000), jitterUs: 300 },
  });
  const known = new Set<string>();
  return {
    start: async (id, location) => {
      if (known.has(id)) return universe.restart(id);
      known.add(id);
      return universe.spawn(id, location);
    },
    crash: async (io) => universe.crash(io.id),
    setConditions: (links) => {
      universe.conditions.links = links;
    },
    run: async (body) => {
      let done = false;
      const result = body().finally(() => {
        done = true;
      });
      result.catch(() => undefined);
      // The body may also wait for something real, such as an import: give it turns.
      while (!done) {
        await universe.runUntil(universe.nowUs + 100_000, () => done);
        await inMacrotask(() => undefined);
      }
      return result;
    },
    dispose: async () => undefined,
  };
});
