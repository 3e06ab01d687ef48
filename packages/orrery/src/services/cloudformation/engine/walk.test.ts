import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { walk } from './walk.ts';

/** Arrows lead from later letters to earlier ones only, so there is no circle. */
const graphs = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.boolean()))
  .map(([size, coin]) => {
    const next = (): boolean => coin.next().value === true;
    const ids = Array.from({ length: size }, (_, n) => `n${n}`);
    return new Map(ids.map((id, n) => [id, new Set(ids.slice(0, n).filter(next))]));
  });

describe('walk', () => {
  it('runs everything, each after what it depends on, never more than allowed at once', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.integer({ min: 1, max: 4 }), async (graph, parallelMax) => {
        const finished = new Set<string>();
        let running = 0;
        const task = async (id: string): Promise<void> => {
          running += 1;
          assert(running <= parallelMax);
          for (const before of graph.get(id) ?? []) assert(finished.has(before), `${before} first`);
          await Promise.resolve();
          running -= 1;
          finished.add(id);
        };
        const { done, failed } = await walk(graph, task, { parallelMax });
        assert.deepEqual(failed, []);
        assert.deepEqual(new Set(done), new Set(graph.keys()));
      }),
    );
  });

  it('starts nothing that depends on a failure, and the rest only where told to', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), fc.boolean(), async (graph, pick, continueOnFailure) => {
        const ids = [...graph.keys()];
        const bad = ids[pick % ids.length] ?? '';
        const started: string[] = [];
        const task = async (id: string): Promise<void> => {
          started.push(id);
          await Promise.resolve();
          if (id === bad) throw new Error('no');
        };
        const { failed } = await walk(graph, task, { continueOnFailure });
        assert.deepEqual(
          failed.map(({ id }) => id),
          [bad],
        );
        const reaches = (id: string): boolean =>
          id === bad || [...(graph.get(id) ?? [])].some(reaches);
        for (const id of started) assert(id === bad || !reaches(id), `${id} hangs on ${bad}`);
        if (!continueOnFailure) return;
        const free = ids.filter((id) => !reaches(id));
        for (const id of free) assert(started.includes(id), `${id} is free`);
      }),
    );
  });
});
