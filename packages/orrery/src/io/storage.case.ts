/** The part of the suite for every `Io` that asks its storage (`io.case.ts`). */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { bytes, type CreateHarness, startEast, startWest, text, within } from './harness.case.ts';
import type { Entry, RangeOptions, Store, ValueView, WriteTransaction } from './io.ts';

const everything: RangeOptions = { start: new Uint8Array(0), end: new Uint8Array([255, 255, 255]) };
const keys = (entries: Iterable<Entry>): string[] => [...entries].map((entry) => text(entry.key));
const dump = (store: Store): [string, string][] =>
  [...store.range(everything)].map((entry) => [
    Buffer.from(entry.key).toString('hex'),
    entry.value,
  ]);

const shown = (view: ValueView | undefined): string | undefined =>
  view && Buffer.from(view.bytes.subarray(0, view.length)).toString();

function shownAll(store: Store, options: RangeOptions): [string, string][] {
  const found: [string, string][] = [];
  store.visit(options, (entry) => {
    found.push([Buffer.from(entry.key()).toString('hex'), shown(entry) ?? '']);
    return true;
  });
  return found;
}

export function storageCases(create: CreateHarness): void {
  it('keeps text under bytes, of any content', () =>
    within(create, async (harness) => {
      const store = await (await startEast(harness)).storage.open('orders');
      assert.equal(store.get(bytes('a')), undefined);
      const long = 'ü€😀'.repeat(60_000);
      const longestKey = new Uint8Array(1_900).fill(200);
      store.transaction((transaction) => {
        transaction.put(bytes('a'), '');
        transaction.put(bytes('b'), '\u0000 {"x":1}\n');
        transaction.put(bytes('c'), long);
        transaction.put(longestKey, 'long key');
        transaction.put(new Uint8Array([0]), 'zero');
      });
      assert.equal(store.get(bytes('a')), '');
      assert.equal(store.get(bytes('b')), '\u0000 {"x":1}\n');
      assert.equal(store.get(bytes('c')), long);
      assert.equal(store.get(longestKey), 'long key');
      assert.deepEqual(
        ['a', 'b', 'c', 'd'].map((key) => shown(store.view(bytes(key)))),
        ['', '\u0000 {"x":1}\n', long, undefined],
      );
      assert.deepEqual(
        shownAll(store, everything).map(([, value]) => value),
        ['zero', '', '\u0000 {"x":1}\n', long, 'long key'],
      );
      assert.equal(store.get(new Uint8Array([0])), 'zero');
      const put = (key: Uint8Array) => () => store.transaction((t) => t.put(key, 'x'));
      assert.throws(put(new Uint8Array(1_901)));
      assert.throws(put(new Uint8Array(0)));
      assert.equal(dump(store).length, 5);
    }));

  it('ranges from start to before end, either way, up to a limit', () =>
    within(create, async (harness) => {
      const store = await (await startEast(harness)).storage.open('orders');
      store.transaction((t) => {
        for (const key of ['a', 'b', 'ba', 'c', 'd']) t.put(bytes(key), key);
      });
      const range = (start: string, end: string, more: Partial<RangeOptions> = {}) =>
        keys(store.range({ start: bytes(start), end: bytes(end), ...more }));
      assert.deepEqual(range('b', 'd'), ['b', 'ba', 'c']);
      assert.deepEqual(range('aa', 'bb'), ['b', 'ba']);
      assert.deepEqual(range('b', 'd', { reverse: true }), ['c', 'ba', 'b']);
      assert.deepEqual(range('b', 'd', { reverse: true, limit: 2 }), ['c', 'ba']);
      assert.deepEqual(range('', 'z', { limit: 1 }), ['a']);
      assert.deepEqual(range('', 'z', { limit: 0 }), []);
      assert.deepEqual(range('', 'z', { reverse: true, limit: 1 }), ['d']);
      assert.deepEqual(range('c', 'c'), []);
      assert.deepEqual(range('d', 'a'), []);
    }));

  it('shows entries until it is told to stop, other values meanwhile', () =>
    within(create, async (harness) => {
      const store = await (await startEast(harness)).storage.open('orders');
      store.transaction((t) => {
        for (const key of ['a', 'b', 'c', 'd']) t.put(bytes(key), `value of ${key}`);
      });
      const range = { start: bytes('b'), end: bytes('z') };
      const seen: string[] = [];
      store.visit(range, (entry) => {
        const value = shown(entry);
        const other = [shown(store.view(bytes('a'))), store.get(bytes('d'))];
        seen.push([text(entry.key()), value, ...other].join());
        return seen.length < 2;
      });
      const others = 'value of a,value of d';
      assert.deepEqual(seen, [`b,value of b,${others}`, `c,value of c,${others}`]);
      const failed = () =>
        store.visit(range, () => {
          throw new RangeError('enough');
        });
      assert.throws(failed, RangeError);
      store.transaction((t) => {
        t.put(bytes('e'), 'new');
        assert.equal(shown(t.view(bytes('e'))), 'new');
        t.visit({ start: bytes('d'), end: bytes('z') }, (entry) => {
          seen.push(text(entry.key()));
          return true;
        });
      });
      assert.deepEqual(seen.slice(2), ['d', 'e']);
    }));

  it('reads its own writes, and forgets them all when the transaction throws (I3)', () =>
    within(create, async (harness) => {
      const store = await (await startEast(harness)).storage.open('orders');
      store.transaction((t) => t.put(bytes('a'), 'old'));
      const failed = () =>
        store.transaction((t) => {
          t.put(bytes('a'), 'new');
          t.put(bytes('b'), 'b');
          assert.equal(t.get(bytes('a')), 'new');
          assert.deepEqual(keys(t.range(everything)), ['a', 'b']);
          t.delete(bytes('a'));
          assert.deepEqual(keys(t.range(everything)), ['b']);
          throw new RangeError('changed my mind');
        });
      assert.throws(failed, RangeError);
      assert.deepEqual(dump(store), [['61', 'old']]);
      assert.equal(
        store.transaction((t) => t.get(bytes('a'))),
        'old',
      );
      assert.throws(() => store.transaction(() => store.transaction(() => 1)));
      store.transaction((t) => t.delete(bytes('never there')));
      assert.deepEqual(dump(store), [['61', 'old']]);
    }));

  it('shows at once what a group holds, and forgets a part of it that throws', () =>
    within(create, async (harness) => {
      const store = await (await startEast(harness)).storage.open('orders');
      store.transaction((t) => t.put(bytes('a'), 'old'));
      store.grouped((t) => {
        t.put(bytes('a'), 'new');
        t.put(bytes('b'), 'first');
        t.put(bytes('b'), 'second');
        assert.deepEqual([t.get(bytes('b')), shown(t.view(bytes('a')))], ['second', 'new']);
        t.delete(bytes('c'));
        assert.throws(() => [...t.range(everything)], /no range after it has written/);
        assert.throws(() => t.visit(everything, () => true), /no range after it has written/);
      });
      const failed = () =>
        store.grouped((t) => {
          assert.equal(t.get(bytes('b')), 'second');
          t.delete(bytes('b'));
          assert.equal(t.get(bytes('b')), undefined);
          assert.equal(t.view(bytes('b')), undefined);
          throw new RangeError('changed my mind');
        });
      assert.throws(failed, RangeError);
      assert.equal(store.get(bytes('b')), 'second');
      assert.equal(shown(store.view(bytes('b'))), 'second');
      store.grouped((t) => t.delete(bytes('a')));
      assert.equal(store.get(bytes('a')), undefined);
      assert.equal(store.view(bytes('a')), undefined);
      store.grouped((t) => assert.deepEqual(keys(t.range(everything)), ['b']));
      store.grouped((t) => t.put(bytes('c'), 'c'));
      assert.deepEqual(
        shownAll(store, everything).map(([, value]) => value),
        ['second', 'c'],
      );
      store.grouped((t) => t.put(bytes('c'), 'c again'));
      store.transaction((t) => {
        assert.equal(t.get(bytes('c')), 'c again');
        t.put(bytes('c'), 'last');
      });
      assert.throws(() => store.grouped(() => store.grouped(() => 1)));
      assert.throws(() => store.grouped(() => store.transaction(() => 1)));
      assert.throws(() => store.grouped((t) => t.put(new Uint8Array(1_901), 'x')));
      await store.flushed();
      assert.deepEqual(keys(store.range(everything)), ['b', 'c']);
      assert.equal(store.get(bytes('c')), 'last');
    }));

  it('keeps flushed transactions over a crash, and others whole or not at all (I3, I4)', () =>
    within(create, async (harness) => {
      let io = await startEast(harness);
      let store = await io.storage.open('orders');
      const both = (value: string) => (t: WriteTransaction) => {
        t.put(bytes('left'), value);
        t.put(bytes('right'), value);
      };
      for (let round = 0; round < 4; round++) {
        const how = round % 2 === 0 ? 'grouped' : 'transaction';
        store[how](both(`flushed ${round}`));
        await store.flushed();
        store[how](both(`unflushed ${round}`));
        await harness.crash(io);
        io = await startEast(harness);
        store = await io.storage.open('orders');
        const left = store.get(bytes('left'));
        assert.equal(left, store.get(bytes('right')));
        assert.ok(left === `flushed ${round}` || left === `unflushed ${round}`, left);
      }
      await store.close();
      assert.ok((await io.storage.open('orders')).get(bytes('left')) !== undefined);
    }));

  it('keeps stores apart by name and by process', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      const orders = await io.storage.open('orders');
      const users = await io.storage.open('users');
      const remote = await other.storage.open('orders');
      orders.transaction((t) => t.put(bytes('a'), 'orders'));
      users.transaction((t) => t.put(bytes('a'), 'users'));
      assert.equal(remote.get(bytes('a')), undefined);
      assert.equal(orders.get(bytes('a')), 'orders');
      assert.equal(users.get(bytes('a')), 'users');
    }));

  it('agrees with a sorted map', () =>
    within(create, async (harness) => {
      const store = await (await startEast(harness)).storage.open('orders');
      const key = fc.uint8Array({ minLength: 1, maxLength: 4 });
      const step = fc.oneof(
        fc.tuple(fc.constant('put' as const), key, fc.string({ maxLength: 5 })),
        fc.tuple(fc.constant('delete' as const), key, fc.constant('')),
      );
      const batches = fc.array(fc.tuple(fc.array(step, { maxLength: 12 }), fc.boolean()), {
        maxLength: 6,
      });
      const probe = fc.tuple(key, key, fc.boolean(), fc.option(fc.nat(5), { nil: undefined }));
      fc.assert(
        fc.property(batches, fc.array(probe, { maxLength: 8 }), (writes, probes) => {
          const model = applyToModel(store, writes);
          for (const [start, end, reverse, limit] of probes) {
            const options = { start, end, reverse, ...(limit === undefined ? {} : { limit }) };
            const found = [...store.range(options)];
            const expected = modelRange(model, options);
            assert.deepEqual(
              found.map((entry) => [Buffer.from(entry.key).toString('hex'), entry.value]),
              expected,
            );
            assert.deepEqual(shownAll(store, options), expected);
          }
        }),
        { numRuns: 40 },
      );
    }));
}

type Step = readonly ['put' | 'delete', Uint8Array, string];

/** Writes the batches to an emptied store and to a map; a batch marked true is thrown away. */
function applyToModel(store: Store, writes: (readonly [Step[], boolean])[]): Map<string, string> {
  store.transaction((t) => {
    for (const { key } of [...t.range(everything)]) t.delete(key);
    for (const { key } of [...t.range({ start: new Uint8Array([255]), end: farEnd })])
      t.delete(key);
  });
  const model = new Map<string, string>();
  for (const [steps, aborted] of writes) {
    const run = () =>
      store.transaction((t) => {
        for (const [kind, key, value] of steps) {
          if (kind === 'put') t.put(key, value);
          else t.delete(key);
        }
        if (aborted) throw new RangeError('aborted');
      });
    if (aborted) {
      assert.throws(run, RangeError);
      continue;
    }
    run();
    for (const [kind, key, value] of steps) {
      const hex = Buffer.from(key).toString('hex');
      if (kind === 'put') model.set(hex, value);
      else model.delete(hex);
    }
  }
  return model;
}

const farEnd = new Uint8Array(8).fill(255);

function modelRange(model: Map<string, string>, options: RangeOptions): [string, string][] {
  const hex = (key: Uint8Array) => Buffer.from(key).toString('hex');
  const inside = [...model].filter(([key]) => key >= hex(options.start) && key < hex(options.end));
  inside.sort(([a], [b]) => (a < b ? -1 : 1));
  if (options.reverse === true) inside.reverse();
  return inside.slice(0, options.limit ?? inside.length);
}
