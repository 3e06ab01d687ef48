/** How long a start takes, and what an idle cloud holds in memory (PSS, Linux). */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CloudProcess, startCloud } from '../packages/orrery/test/cloud-process.ts';
import { sleep } from '../packages/orrery/test/eventually.ts';
import { temporaryFolder } from './servers.ts';

const app = resolve(import.meta.dirname, '..', 'examples', 'orders');

async function timed(args: readonly string[], dataDir: string): Promise<[number, CloudProcess]> {
  const startedAt = performance.now();
  const cloud = await startCloud({ args, dataDir });
  return [performance.now() - startedAt, cloud];
}

function pssMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1]) / 1024;
}

export async function run(): Promise<void> {
  console.log('\nStart   (goal: repeated with the example ≤ 3 s, without an app ≤ 1 s)');
  for (const [name, args] of [
    ['the example', [app]],
    ['no app', []],
  ] as const) {
    const dataDir = temporaryFolder();
    for (const turn of ['first', 'repeated', 'repeated']) {
      const [ms, cloud] = await timed(args, dataDir);
      console.log(`  ${name}, ${turn.padEnd(9)} ${(ms / 1000).toFixed(2).padStart(6)} s`);
      await cloud.stop();
    }
  }
  const [, cloud] = await timed([app], temporaryFolder());
  await sleep(10_000);
  const pids = [cloud.pid, ...cloud.status.regions.map((region) => region.pid ?? 0)];
  const each = pids.map(pssMb);
  const sum = each.reduce((total, one) => total + one, 0);
  console.log(`\nIdle memory, edge + ${pids.length - 1} regions   (goal ≤ 300 MB PSS)`);
  console.log(`  ${sum.toFixed(0)} MB = ${each.map((one) => one.toFixed(0)).join(' + ')}`);
  await cloud.stop();
}
