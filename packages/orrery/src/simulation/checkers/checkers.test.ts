/** Each checker on a history that is fine and on ones with exactly one thing wrong. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Commit, Completed, History } from '../history.ts';
import type { Held } from '../target.ts';
import {
  explainDoubleReplacement,
  explainForgottenWrite,
  explainInventedRead,
  explainNotLinear,
} from './reads.ts';
import { explainDivergence, explainInvention, explainLostWrite } from './replicas.ts';

const east = 'us-east-1';
const west = 'eu-central-1';

function operation(change: Partial<Completed>): Completed {
  return {
    client: 'c1',
    region: east,
    kind: 'put',
    key: 'register-0',
    value: undefined,
    expected: null,
    invokedUs: 0,
    completedUs: 10,
    outcome: 'ok',
    ...change,
  };
}

const put = (value: string, invokedUs: number, change: Partial<Completed> = {}): Completed =>
  operation({ value, invokedUs, completedUs: invokedUs + 10, ...change });
const get = (
  observed: string | null,
  invokedUs: number,
  change: Partial<Completed> = {},
): Completed =>
  operation({
    kind: 'consistent-get',
    observed,
    invokedUs,
    completedUs: invokedUs + 10,
    ...change,
  });
const commit = (value: string | null, time: number, change: Partial<Commit> = {}): Commit => {
  const region = change.region ?? east;
  return {
    region,
    key: 'register-0',
    value,
    version: { timestamp: String(time).padStart(16, '0'), region },
    atUs: time,
    ...change,
  };
};
const history = (operations: Completed[], commits: Commit[] = []): History => ({
  operations,
  commits,
});
const held = ({ value, version }: Commit): Held => ({ value, version });

describe('checkers of replicas', () => {
  const a = commit('a', 1);
  const b = commit('b', 2, { region: west });

  it('see replicas that differ, but not in what they have forgotten', () => {
    const one = new Map([['register-0', held(a)]]);
    assert.equal(explainDivergence(new Map([[east, one]])), undefined);
    const same = new Map([...one, ['gone', held(commit(null, 5))] as const]);
    assert.equal(
      explainDivergence(
        new Map([
          [east, one],
          [west, same],
        ]),
      ),
      undefined,
    );
    const other = new Map([['register-0', held(b)]]);
    assert.match(
      explainDivergence(
        new Map([
          [east, one],
          [west, same],
          ['ap', other],
        ]),
      ) ?? '',
      /register-0: us-east-1 holds a .*, ap b/,
    );
    assert.match(
      explainDivergence(
        new Map([
          [east, one],
          [west, new Map()],
        ]),
      ) ?? '',
      /nothing/,
    );
  });

  it('see an acknowledged write that neither stands nor was superseded', () => {
    const both = history([put('a', 0), put('b', 1, { region: west })], [a, b]);
    assert.equal(explainLostWrite(both, new Map([['register-0', held(b)]])), undefined);
    assert.match(explainLostWrite(both, new Map([['register-0', held(a)]])) ?? '', /b .*acknowl/);
    assert.match(explainLostWrite(both, new Map()) ?? '', /a .*nothing is held/);
    const never = history([put('a', 0)], []);
    assert.match(explainLostWrite(never, new Map()) ?? '', /never committed/);
    const unknown = history([put('a', 0, { outcome: 'unknown' })], [a]);
    assert.equal(explainLostWrite(unknown, new Map()), undefined);
  });

  it('break a tie of time by the region', () => {
    const tie = commit('b', 1, { region: west });
    const both = history([put('a', 0), put('b', 0, { region: west })], [a, tie]);
    assert.equal(explainLostWrite(both, new Map([['register-0', held(a)]])), undefined);
    assert.match(explainLostWrite(both, new Map([['register-0', held(tie)]])) ?? '', /: a /);
  });

  it('see a delete that was lost, and take one that was forgotten', () => {
    const gone = commit(null, 5);
    const deleted = operation({ kind: 'delete', invokedUs: 4, completedUs: 8 });
    const all = history([put('a', 0), deleted], [a, gone]);
    assert.equal(explainLostWrite(all, new Map([['register-0', held(gone)]])), undefined);
    assert.equal(explainLostWrite(all, new Map()), undefined);
    assert.match(explainLostWrite(all, new Map([['register-0', held(a)]])) ?? '', /delete by c1/);
  });

  it('see a value that nobody wrote', () => {
    const replica = new Map([['register-0', held(a)]]);
    assert.equal(explainInvention(history([], [a]), replica), undefined);
    assert.match(explainInvention(history([], [b]), replica) ?? '', /nobody wrote/);
    const elsewhere = commit('a', 1, { key: 'register-1' });
    assert.match(explainInvention(history([], [elsewhere]), replica) ?? '', /nobody wrote/);
  });
});

describe('checkers of reads', () => {
  it('see a value that was read and not written', () => {
    const fine = history([put('a', 0), get('a', 20), get(null, 0)]);
    assert.equal(explainInventedRead(fine), undefined);
    assert.match(explainInventedRead(history([get('x', 0)])) ?? '', /nobody had written/);
    const early = history([put('a', 100), get('a', 20)]);
    assert.match(explainInventedRead(early) ?? '', /nobody had written/);
    const other = history([put('a', 0, { key: 'register-1' }), get('a', 20)]);
    assert.match(explainInventedRead(other) ?? '', /nobody had written/);
    const failed = history([put('a', 0, { outcome: 'failed' }), get('a', 20)]);
    assert.match(explainInventedRead(failed) ?? '', /was refused/);
  });

  it('see a client that does not read its own write', () => {
    const commits = [commit('a', 1), commit('b', 2), commit('c', 3, { region: west })];
    const writes = [put('a', 0), put('b', 20)];
    const after = (read: Completed, more: Commit[] = []) =>
      explainForgottenWrite(history([...writes, read], [...commits, ...more]));
    assert.equal(after(get('b', 40)), undefined);
    assert.equal(after(get('c', 40)), undefined);
    assert.match(after(get('a', 40)) ?? '', /wrote b .* then read a/);
    assert.match(after(get(null, 40)) ?? '', /then read null/);
    assert.equal(after(get(null, 40), [commit(null, 9)]), undefined);
    assert.match(after(get(null, 40), [commit(null, 1)]) ?? '', /then read null/);
    const deleted = operation({ kind: 'delete', invokedUs: 32, completedUs: 38 });
    const late = (read: Completed, more: Commit[] = []) =>
      explainForgottenWrite(history([...writes, deleted, read], [...commits, ...more]));
    assert.equal(late(get(null, 40)), undefined, 'a delete without a tombstone');
    assert.equal(late(get('a', 40)), undefined, 'after it, an older write may come');
    const tombstone = commit(null, 35);
    assert.match(late(get('a', 40), [tombstone]) ?? '', /then read a/);
    assert.equal(late(get(null, 40), [tombstone]), undefined);
    assert.equal(after(get('a', 40, { kind: 'get' })), undefined);
    assert.equal(after(get('a', 40, { client: 'c2' })), undefined);
  });

  it('see a value that two conditional writes replaced', () => {
    const replace = (value: string, change: Partial<Completed> = {}) =>
      put(value, 20, { kind: 'conditional-put', expected: 'a', ...change });
    const check = (...list: Completed[]) => explainDoubleReplacement(history(list));
    assert.match(check(replace('b'), replace('c')) ?? '', /both replaced a/);
    assert.match(
      check(replace('b'), put('c', 30, { kind: 'update', observed: 'a' })) ?? '',
      /both replaced a/,
    );
    assert.equal(check(replace('b'), replace('c', { outcome: 'failed' })), undefined);
    assert.equal(check(replace('b'), replace('c', { outcome: 'unknown' })), undefined);
    assert.equal(check(replace('b'), replace('c', { region: west })), undefined);
  });

  it('see reads of one region that no order explains, and let replication come late', () => {
    const check = (...list: Completed[]) => explainNotLinear(history(list), east);
    const remote = put('r', 0, { region: west, completedUs: 10 });
    assert.equal(check(put('a', 0), get('a', 20), remote, get('r', 5_000)), undefined);
    assert.match(check(put('a', 0), put('b', 20), get('a', 40)) ?? '', /register-0 in us-east-1/);
    assert.match(check(put('a', 0), remote, get('r', 20), get('a', 40), get('r', 60)) ?? '', /r/);
    assert.equal(check(put('a', 0), put('b', 20), get('a', 40, { region: west })), undefined);
    assert.equal(check(put('a', 0), put('b', 20), get('a', 40, { kind: 'get' })), undefined);
    assert.match(
      check(put('a', 0), put('b', 20), put('c', 40, { kind: 'update', observed: 'a' })) ?? '',
      /register-0/,
    );
  });
});
