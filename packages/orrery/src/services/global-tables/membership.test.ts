import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Member } from './api.ts';
import { percentile } from './data-plane/latency-meter.ts';
import { mergeMembers, nextMember, peersOf } from './membership.ts';

const regionIds = ['ap-northeast-1', 'eu-central-1', 'us-east-1'];
const member: fc.Arbitrary<Member> = fc.record(
  {
    region: fc.constantFrom(...regionIds),
    status: fc.constantFrom('CREATING', 'ACTIVE', 'DELETING', 'GONE'),
    epoch: fc.nat(3),
    by: fc.constantFrom(...regionIds),
  },
  { noNullPrototype: true },
);
const account = fc.array(member, { maxLength: 5 }).map((list) => mergeMembers([], list));

test('accounts of the members merge in any order and any number of times', () => {
  fc.assert(
    fc.property(account, account, account, (a, b, c) => {
      assert.deepEqual(mergeMembers(a, b), mergeMembers(b, a));
      assert.deepEqual(mergeMembers(mergeMembers(a, b), c), mergeMembers(a, mergeMembers(b, c)));
      assert.deepEqual(mergeMembers(a, a), a);
    }),
  );
});

test('the next account of a member replaces the one before, old news does not', () => {
  const active = nextMember([], 'eu-central-1', 'ACTIVE', 'us-east-1');
  const gone = nextMember([active], 'eu-central-1', 'GONE', 'us-east-1');
  assert.deepEqual(mergeMembers([active], [gone]), [gone]);
  assert.deepEqual(mergeMembers([gone], [active]), [gone]);
});

test('a member that leaves sends, and is sent nothing; one that left does neither', () => {
  const [tokyo, frankfurt, virginia] = regionIds as [string, string, string];
  const members: Member[] = [
    { region: tokyo, status: 'DELETING', epoch: 2, by: virginia },
    { region: frankfurt, status: 'CREATING', epoch: 1, by: virginia },
    { region: virginia, status: 'ACTIVE', epoch: 1, by: virginia },
  ];
  assert.deepEqual(peersOf(members, virginia), [frankfurt]);
  assert.deepEqual(peersOf(members, tokyo), [frankfurt, virginia]);
  const left = mergeMembers(members, [nextMember(members, tokyo, 'GONE', virginia)]);
  assert.deepEqual(peersOf(left, tokyo), []);
  assert.deepEqual(peersOf([], virginia), []);
});

test('percentiles are by nearest rank', () => {
  assert.equal(percentile([], 0.5), null);
  assert.equal(percentile([7], 0.99), 7);
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(percentile(hundred, 0.5), 50);
  assert.equal(percentile(hundred, 0.99), 99);
});
