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
  /** How many times as many requests per CPU-second the first contender answers. */
  readonly ratio: number;
  readonly failures: number;
}

/** V8 needs seconds of load until it has compiled what is hot. */
const warmUps = 3;

/**
 * Median per contender over the rounds; the first ones warm up and do not count. A ratio is
 * the median of the rounds' own ratios, since neighbours in time had the same machine. It is the first
 * contender's to each.
 */
export async function rounds(
  contenders: readonly Contender[],
  count: number,
): Promise<readonly Standing[]> {
  return (await rivalry(contenders, count))(contenders[0]?.name ?? '');
}

/** The same rounds, with ratios of whichever contender is asked for, which comes first then. */
export async function rivalry(
  contenders: readonly Contender[],
  count: number,
): Promise<(ours: string) => readonly Standing[]> {
  const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -warmUps; round < count; round += 1) {
    for (const contender of contenders) {
      const result = await contender.run();
      if (round >= 0) results.get(contender.name)?.push(result);
    }
  }
  return (ours) => {
    const first = results.get(ours) ?? [];
    const names = [ours, ...contenders.map(({ name }) => name).filter((name) => name !== ours)];
    return names.map((name) => {
      const all = results.get(name) ?? [];
      const ratios = all.map(
        (one, round) => (first[round]?.perCpuSecond ?? Number.NaN) / one.perCpuSecond,
      );
      return {
        name,
        perCpuSecond: median(all.map((one) => one.perCpuSecond)),
        perSecond: median(all.map((one) => one.perSecond)),
        ratio: median(ratios),
        failures: all.reduce((sum, one) => sum + one.failures, 0),
      };
    });
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Prints one line per contender, with how many times ours it is. The first is ours. */
export function report(title: string, standings: readonly Standing[], goal: string): void {
  console.log(`\n${title}   (${goal})`);
  for (const one of standings) {
    const ratio = one === standings[0] ? '' : `ours is ${one.ratio.toFixed(2)} ×`;
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
