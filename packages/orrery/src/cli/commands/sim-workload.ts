/**
 * `orrery sim --workload <w>` for the workloads without plan files: one seed after another, what they
 * came to, and what a campaign never reached. Owns the run of the seeds and the printing.
 */
import { runRouting } from '../../simulation/routing.ts';
import { drawRoutingPlan, routingPlants } from '../../simulation/routing-plan.ts';
import { transactionPlants } from '../../simulation/transaction-workload.ts';
import { drawTransactionPlan, runTransactions } from '../../simulation/transactions.ts';
import { usageError } from '../command.ts';

/** Below so many seeds, a situation that was not reached says nothing. */
const seedsForSometimes = 50;

/** What the printing needs of a run, whatever its workload. */
interface SeedResult {
  readonly plan: { readonly seed: number; readonly plant: string | null };
  readonly events: number;
  readonly virtualMs: number;
  readonly broken: { readonly invariant: string; readonly detail: string } | undefined;
  readonly sometimes: ReadonlyMap<string, number>;
  /** Summed up over the seeds. */
  readonly counts: Readonly<Record<string, number>>;
}

interface Workload {
  readonly plants: readonly string[];
  run(seed: number, plant: string | null): Promise<SeedResult>;
}

const workloads: Readonly<Record<string, Workload>> = {
  transactions: {
    plants: transactionPlants,
    run: async (seed, name) => {
      const plant = transactionPlants.find((known) => known === name) ?? null;
      const result = await runTransactions(drawTransactionPlan(seed, plant));
      const { operations, acknowledged } = result;
      return { ...result, counts: { operations, acknowledged } };
    },
  },
  routing: {
    plants: routingPlants,
    run: async (seed, name) => {
      const plant = routingPlants.find((known) => known === name) ?? null;
      const result = await runRouting(drawRoutingPlan(seed, plant));
      const { answers, lookups } = result;
      return { ...result, counts: { answers, lookups } };
    },
  },
};

/** Their names, for help and mistakes. */
export const workloadNames: readonly string[] = Object.keys(workloads);

/** Runs so many seeds of a workload. Resolves with the exit code. */
export async function simulateWorkload(
  name: string,
  [firstSeed, seeds]: readonly [first: number, count: number],
  plant: string | undefined,
  json: boolean,
): Promise<number> {
  const workload = workloads[name];
  if (workload === undefined) {
    const names = ['global-tables', ...workloadNames].join(', ');
    throw usageError(`--workload takes one of ${names}, not "${name}".`);
  }
  if (plant !== undefined && !workload.plants.includes(plant)) {
    throw usageError(`--plant takes ${workload.plants.join(' or ')} here, not "${plant}".`);
  }
  const startMs = performance.now();
  const campaign = new Campaign();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    campaign.add(await workload.run(seed, plant ?? null));
  }
  const wallMs = Math.round(performance.now() - startMs);
  const { failures, sums, reached } = campaign;
  const unreached =
    seeds < seedsForSometimes ? [] : [...reached].filter(([, count]) => count === 0);
  if (json) {
    const sometimes = Object.fromEntries(reached);
    const told = failures.map((one) => ({ ...one, sometimes: Object.fromEntries(one.sometimes) }));
    console.log(JSON.stringify({ seeds, ...sums, sometimes, failures: told, wallMs }));
  } else {
    const { events = 0, virtualMs = 0, ...counts } = sums;
    const lines = [
      `seeds           ${seeds} from ${firstSeed} on, ${failures.length} failed`,
      `events          ${events} in ${(virtualMs / 1000).toFixed(1)} s of virtual time`,
      ...Object.entries(counts).map(([what, count]) => `${what.padEnd(15)} ${count}`),
      'reached',
      ...[...reached].sort().map(([what, count]) => `  ${what}: ${count}`),
      ...unreached.map(([what]) => `NEVER REACHED   ${what}`),
      `wall time       ${wallMs} ms`,
      ...failures.slice(0, 20).flatMap((failure) => linesOf(name, failure)),
    ];
    console.log(lines.join('\n'));
  }
  return failures.length > 0 || unreached.length > 0 ? 1 : 0;
}

class Campaign {
  readonly failures: SeedResult[] = [];
  readonly reached = new Map<string, number>();
  readonly sums: Record<string, number> = {};

  add(result: SeedResult): void {
    const { events, virtualMs, counts, sometimes } = result;
    for (const [what, count] of Object.entries({ events, virtualMs, ...counts })) {
      this.sums[what] = (this.sums[what] ?? 0) + count;
    }
    for (const [what, count] of sometimes) {
      this.reached.set(what, (this.reached.get(what) ?? 0) + count);
    }
    if (result.broken !== undefined) this.failures.push(result);
  }
}

function linesOf(workload: string, { plan, broken }: SeedResult): string[] {
  const planted = plan.plant === null ? '' : ` --plant ${plan.plant}`;
  return [
    '',
    `FAILED          seed ${plan.seed}: ${broken?.invariant}`,
    `                ${broken?.detail}`,
    `replay          npm run sim -- --workload ${workload} --seed ${plan.seed}${planted}`,
  ];
}
