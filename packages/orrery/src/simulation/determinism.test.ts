/**
 * The same seed gives the same trace on every Node of this machine. Older ones cannot run the
 * sources as they are, so the simulation is bundled into one file that all of them run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { build } from 'esbuild';
import { drawPlan } from './draw-plan.ts';
import { createGlobalTablesTarget } from './global-tables.ts';
import { runPlan } from './run-plan.ts';

const seeds = [7, 8];

/** Every `node` on PATH and in the usual places, one per file, this one first. */
function nodes(): string[] {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/bin', '/usr/bin'];
  const found = new Set([realpathSync(process.execPath)]);
  for (const folder of folders) {
    try {
      const file = realpathSync(join(folder, 'node'));
      accessSync(file, constants.X_OK);
      found.add(file);
    } catch {
      // Not there.
    }
  }
  return [...found];
}

const majorOf = (node: string): number =>
  Number(/^v(\d+)/.exec(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout)?.[1]);

async function bundle(outfile: string): Promise<void> {
  await build({
    stdin: {
      contents: `
        import { drawPlan } from './draw-plan.ts';
        import { createGlobalTablesTarget } from './global-tables.ts';
        import { runPlan } from './run-plan.ts';
        const hashes = [];
        for (const seed of ${JSON.stringify(seeds)}) {
          const result = await runPlan(drawPlan(seed), createGlobalTablesTarget);
          hashes.push(result.traceHash + ' ' + result.events);
        }
        console.log(JSON.stringify(hashes));`,
      loader: 'ts',
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'error',
  });
}

describe('the trace of a seed', () => {
  it('is the same twice, and another for another seed', async () => {
    const hashOf = async (seed: number) =>
      (await runPlan(drawPlan(seed), createGlobalTablesTarget)).traceHash;
    assert.equal(await hashOf(7), await hashOf(7));
    assert.notEqual(await hashOf(7), await hashOf(8));
  });

  it('is the same on every Node that there is, bundled or not', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-simulation-'));
    try {
      const file = join(folder, 'simulation.mjs');
      await bundle(file);
      const results = [];
      for (const seed of seeds) {
        const { traceHash, events } = await runPlan(drawPlan(seed), createGlobalTablesTarget);
        results.push(`${traceHash} ${events}`);
      }
      const majors = new Set<number>();
      for (const node of nodes()) {
        const major = majorOf(node);
        if (!(major >= 20) || majors.has(major)) continue;
        majors.add(major);
        const { stdout, stderr } = spawnSync(node, [file], { encoding: 'utf8' });
        assert.equal(stdout.trim(), JSON.stringify(results), `Node ${major}: ${stderr}`);
      }
      t.diagnostic(`Node ${[...majors].join(', ')}`);
      assert.ok(majors.size >= 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
