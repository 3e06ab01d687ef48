import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkConditions } from '../conditions.ts';
import type { HarnessOptions, IoHarness } from '../harness.case.ts';
import { describeIo } from '../io.case.ts';
import { createNodeIo, type NodeIo } from './node-io.ts';
import type { Durability } from './storage.ts';

/** Processes of one cloud inside this one: each with its own socket and directory. */
const createHarness =
  (durability: Durability) =>
  async ({ seed, rttMs }: HarnessOptions): Promise<IoHarness> => {
    const root = mkdtempSync(join(tmpdir(), 'orrery-io-'));
    const conditions: NetworkConditions = { links: [] };
    const running = new Set<NodeIo>();
    const sink = { event: () => {}, broken: () => {} };
    return {
      start: async (id, location) => {
        const io = await createNodeIo({
          id,
          location,
          dataDirectory: join(root, 'data', location),
          runDirectory: join(root, 'run'),
          rttMs: () => rttMs,
          conditions,
          durability,
          seed,
          sink,
        });
        running.add(io);
        return io;
      },
      crash: async (io) => {
        running.delete(io as NodeIo);
        await (io as NodeIo).close();
      },
      setConditions: (links) => {
        conditions.links = links;
      },
      run: (body) => body(),
      dispose: async () => {
        await Promise.all([...running].map((io) => io.close()));
        rmSync(root, { recursive: true, force: true });
      },
    };
  };

describeIo('a live process', createHarness('process'));
describeIo('a live process with durability disk', createHarness('disk'), ['storage']);
