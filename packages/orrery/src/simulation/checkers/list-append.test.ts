import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explainNotSerializable, type ListTransaction } from './list-append.ts';

type Given = Partial<ListTransaction> & Pick<ListTransaction, 'name'>;

function transaction(given: Given): ListTransaction {
  const always = {
    appends: [],
    reads: [],
    outcome: 'ok',
    invokedUs: 0,
    completedUs: 1_000,
  } as const;
  return { ...always, ...given };
}

function verdict(...given: Given[]): string | undefined {
  return explainNotSerializable(given.map(transaction));
}

test('each anomaly is found, and named', () => {
  assert.match(
    verdict({ name: 'r', reads: [['x', ['1']]] }) ?? '',
    /1 is in x, and nobody appended it/,
  );
  assert.match(
    verdict(
      { name: 'w', appends: [['x', '1']], outcome: 'failed' },
      { name: 'r', reads: [['x', ['1']]] },
    ) ?? '',
    /w was refused/,
  );
  assert.match(
    verdict({ name: 'w', appends: [['x', '1']] }, { name: 'r', reads: [['x', ['1', '1']]] }) ?? '',
    /appended to x twice/,
  );
  const writes: Given[] = [
    { name: 'a', appends: [['x', '1']] },
    { name: 'b', appends: [['x', '2']] },
  ];
  assert.match(
    verdict(
      ...writes,
      { name: 'r', reads: [['x', ['1', '2']]] },
      { name: 's', reads: [['x', ['2']]] },
    ) ?? '',
    /s found 2 at place 0 of x, others 1/,
  );
  assert.match(
    verdict(
      { name: 'w', appends: [['x', '1']], completedUs: 5 },
      { name: 'r', reads: [['x', []]], invokedUs: 6 },
    ) ?? '',
    /w appended 1 to x, and it is lost/,
  );
  const half: Given[] = [
    {
      name: 'w',
      appends: [
        ['x', '1'],
        ['y', '1'],
      ],
    },
    {
      name: 'r',
      reads: [
        ['x', ['1']],
        ['y', []],
      ],
    },
    { name: 'end', reads: [['y', ['1']]], invokedUs: 2_000, completedUs: 3_000 },
  ];
  assert.match(verdict(...half) ?? '', /w —wr→ r —rw→ w/, 'a transaction that is seen half');
  const skew: Given[] = [
    { name: 'a', reads: [['x', []]], appends: [['y', '1']] },
    { name: 'b', reads: [['y', []]], appends: [['x', '1']] },
    {
      name: 'end',
      reads: [
        ['x', ['1']],
        ['y', ['1']],
      ],
      invokedUs: 2_000,
      completedUs: 3_000,
    },
  ];
  assert.match(verdict(...skew) ?? '', /a —rw→ b —rw→ a/, 'write skew');
  const stale: Given[] = [
    { name: 'w', appends: [['x', '1']], completedUs: 5 },
    { name: 'r', reads: [['x', []]], invokedUs: 6, completedUs: 8 },
    { name: 'end', reads: [['x', ['1']]], invokedUs: 9, completedUs: 10 },
  ];
  assert.match(verdict(...stale) ?? '', /before→/, 'a read that is too old');
});

test('what really happened one after the other is never refused', () => {
  const key = fc.constantFrom('x', 'y', 'z');
  const step = fc.record({
    keys: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
    writes: fc.boolean(),
    outcome: fc.constantFrom('ok', 'ok', 'unknown', 'failed'),
    early: fc.nat({ max: 50 }),
    late: fc.nat({ max: 50 }),
    lost: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const lists = new Map<string, string[]>();
      const history = steps.map(({ keys, writes, outcome, early, late, lost }, i) => {
        const atUs = (i + 1) * 10;
        const done = { invokedUs: Math.max(0, atUs - early), completedUs: atUs + late };
        const reads = keys.map((one) => [one, [...(lists.get(one) ?? [])]] as const);
        if (!writes) return transaction({ name: `${i}`, reads, ...done });
        const appends = keys.map((one) => [one, `${i}`] as const);
        const happened = outcome === 'ok' || (outcome === 'unknown' && !lost);
        for (const one of happened ? keys : []) lists.set(one, [...(lists.get(one) ?? []), `${i}`]);
        const completedUs = outcome === 'unknown' ? Number.POSITIVE_INFINITY : done.completedUs;
        const told = outcome === 'unknown' ? [] : reads;
        return transaction({
          name: `${i}`,
          appends,
          reads: told,
          outcome: outcome as 'ok',
          ...done,
          completedUs,
        });
      });
      assert.equal(explainNotSerializable(history), undefined);
    }),
  );
});
