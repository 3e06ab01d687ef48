/** Interleaved rounds: every contender in turn, several times, so that a noisy minute hits all. */
import type { LoadResult } from './load.ts';

export interface Contender {
  readonly name: string;
  run(): Promise<LoadResult>;
}

export interface Standing {
  readonly name: string;
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly failures: number;
}

/** Median per contender over the rounds; the first round warms up and does not count. */
export async function rounds(
  contenders: readonly Contender[],
  count: number,
): Promise<readonly Standing[]> {
  const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= count; round += 1) {
    for (const contender of contenders) {
      const result = await contender.run();
      if (round > 0) results.get(contender.name)?.push(result);
    }
  }
  return contenders.map(({ name }) => {
    const all = results.get(name) ?? [];
    return {
      name,
      perCpuSecond: median(all.map((one) => one.perCpuSecond)),
      perSecond: median(all.map((one) => one.perSecond)),
      failures: all.reduce((sum, one) => sum + one.failures, 0),
    };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Prints one line per contender, with how many times ours it is. The first is ours. */
export function report(title: string, standings: readonly Standing[], goal: string): void {
  const ours = standings[0]?.perCpuSecond ?? Number.NaN;
  console.log(`\n${title}   (${goal})`);
  for (const one of standings) {
    const ratio = one === standings[0] ? '' : `ours is ${(ours / one.perCpuSecond).toFixed(2)} ×`;
    const cells = [
      one.name.padEnd(30),
      `${Math.round(one.perCpuSecond).toLocaleString('en')}/CPU-s`.padStart(16),
      `${Math.round(one.perSecond).toLocaleString('en')}/s`.padStart(12),
      ratio.padStart(20),
      one.failures > 0 ? `  ${one.failures} FAILED` : '',
    ];
    console.log(`  ${cells.join(' ')}`);
  }
}
