/**
 * `orrery sim --workload transactions`: one region, transactions and conditional writes on lists.
 * Owns the run of its seeds and the printing.
 */
import { type TransactionPlant, transactionPlants } from '../../simulation/transaction-workload.ts';
import {
  drawTransactionPlan,
  runTransactions,
  type TransactionResult,
} from '../../simulation/transactions.ts';
import { usageError } from '../command.ts';

/** Below so many seeds, a situation that was not reached says nothing. */
const seedsForSometimes = 50;

export function transactionPlantNamed(name: string | undefined): TransactionPlant | null {
  if (name === undefined) return null;
  const plant = transactionPlants.find((known) => known === name);
  if (plant !== undefined) return plant;
  throw usageError(`--plant takes ${transactionPlants.join(' or ')} here, not "${name}".`);
}

/** Resolves with the exit code. */
export async function simulateTransactions(
  firstSeed: number,
  seeds: number,
  plant: TransactionPlant | null,
  json: boolean,
): Promise<number> {
  const startMs = performance.now();
  const failures: TransactionResult[] = [];
  const reached = new Map<string, number>();
  const sum = { events: 0, virtualMs: 0, operations: 0, acknowledged: 0 };
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    const result = await runTransactions(drawTransactionPlan(seed, plant));
    for (const name of ['events', 'virtualMs', 'operations', 'acknowledged'] as const) {
      sum[name] += result[name];
    }
    for (const [what, count] of result.sometimes) {
      reached.set(what, (reached.get(what) ?? 0) + count);
    }
    if (result.broken !== undefined) failures.push(result);
  }
  const wallMs = Math.round(performance.now() - startMs);
  const unreached =
    seeds < seedsForSometimes ? [] : [...reached].filter(([, count]) => count === 0);
  if (json) {
    const sometimes = Object.fromEntries(reached);
    const told = failures.map((one) => ({ ...one, sometimes: Object.fromEntries(one.sometimes) }));
    console.log(JSON.stringify({ seeds, ...sum, sometimes, failures: told, wallMs }));
  } else {
    const lines = [
      `seeds           ${seeds} from ${firstSeed} on, ${failures.length} failed`,
      `events          ${sum.events} in ${(sum.virtualMs / 1000).toFixed(1)} s of virtual time`,
      `operations      ${sum.operations}, ${sum.acknowledged} acknowledged`,
      'reached',
      ...[...reached].sort().map(([what, count]) => `  ${what}: ${count}`),
      ...unreached.map(([what]) => `NEVER REACHED   ${what}`),
      `wall time       ${wallMs} ms`,
      ...failures.slice(0, 20).flatMap(linesOf),
    ];
    console.log(lines.join('\n'));
  }
  return failures.length > 0 || unreached.length > 0 ? 1 : 0;
}

function linesOf({ plan, broken }: TransactionResult): string[] {
  const planted = plan.plant === null ? '' : ` --plant ${plan.plant}`;
  return [
    '',
    `FAILED          seed ${plan.seed}: ${broken?.invariant}`,
    `                ${broken?.detail}`,
    `replay          npm run sim -- --workload transactions --seed ${plan.seed}${planted}`,
  ];
}
