/** The real DynamoDB under transactions, crashes and lost messages: seeds and planted bugs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { transactionPlants } from './transaction-workload.ts';
import { drawTransactionPlan, runTransactions, type TransactionResult } from './transactions.ts';

function describeBroken({ plan, broken }: TransactionResult): string {
  return `seed ${plan.seed}: ${broken?.invariant}: ${broken?.detail}`;
}

describe('transactions and conditional writes of one region', () => {
  it('are strictly serialisable under twenty seeds of faults', async () => {
    let acknowledged = 0;
    const reached = new Map<string, number>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const result = await runTransactions(drawTransactionPlan(seed));
      assert.equal(result.broken, undefined, describeBroken(result));
      acknowledged += result.acknowledged;
      for (const [what, count] of result.sometimes) {
        reached.set(what, (reached.get(what) ?? 0) + count);
      }
    }
    assert.ok(acknowledged > 5_000, `${acknowledged} acknowledged`);
    for (const [what, count] of reached) assert.ok(count > 0, what);
  });

  it('run the same twice', async () => {
    const [first, second] = [
      await runTransactions(drawTransactionPlan(5)),
      await runTransactions(drawTransactionPlan(5)),
    ];
    assert.equal(first.traceHash, second.traceHash);
  });

  for (const plant of transactionPlants) {
    it(`do not hide the planted bug ${plant}`, async () => {
      let broken: TransactionResult | undefined;
      for (let seed = 1; seed <= 8 && broken === undefined; seed += 1) {
        const result = await runTransactions(drawTransactionPlan(seed, plant));
        if (result.broken !== undefined) broken = result;
      }
      assert.equal(broken?.broken?.invariant, 'transactions are serialisable');
    });
  }
});
