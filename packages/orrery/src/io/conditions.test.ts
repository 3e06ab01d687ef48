import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type LinkCondition, linkState } from './conditions.ts';

const state = (links: LinkCondition[], from: string, to: string) => linkState({ links }, from, to);

describe('linkState', () => {
  it('cuts both directions unless one way', () => {
    const cut: LinkCondition = { a: 'us-east-1', b: 'eu-west-1', cut: true };
    assert.equal(state([cut], 'us-east-1', 'eu-west-1').cut, true);
    assert.equal(state([cut], 'eu-west-1', 'us-east-1').cut, true);
    assert.equal(state([cut], 'eu-west-1', 'ap-south-1').cut, false);
    const oneWay = [{ ...cut, oneWay: true }];
    assert.equal(state(oneWay, 'us-east-1', 'eu-west-1').cut, true);
    assert.equal(state(oneWay, 'eu-west-1', 'us-east-1').cut, false);
  });

  it('isolates a location from all others but not from itself', () => {
    const dark: LinkCondition[] = [{ a: 'us-east-1', b: '*', cut: true }];
    assert.equal(state(dark, '@tokyo', 'us-east-1').cut, true);
    assert.equal(state(dark, 'us-east-1', 'global').cut, true);
    assert.equal(state(dark, 'us-east-1', 'us-east-1').cut, false);
    assert.equal(state(dark, '@tokyo', 'eu-west-1').cut, false);
    assert.equal(state([{ a: '*', b: '*', cut: true }], 'eu-west-1', 'eu-west-1').cut, false);
    const named: LinkCondition[] = [{ a: 'eu-west-1', b: 'eu-west-1', extraLatencyMs: 3 }];
    assert.equal(state(named, 'eu-west-1', 'eu-west-1').extraLatencyMs, 3);
  });

  it('adds latencies and multiplies chances of arrival', () => {
    const links: LinkCondition[] = [
      { a: 'us-east-1', b: 'eu-west-1', extraLatencyMs: 20, lossProbability: 0.5 },
      { a: '*', b: 'eu-west-1', extraLatencyMs: 5, lossProbability: 0.5 },
    ];
    assert.deepEqual(state(links, 'us-east-1', 'eu-west-1'), {
      cut: false,
      extraLatencyMs: 25,
      lossProbability: 0.75,
    });
  });

  it('is symmetric where no condition is one way', () => {
    const end = fc.constantFrom('*', 'us-east-1', 'eu-west-1', '@tokyo', 'global');
    const link = fc.record({ a: end, b: end, cut: fc.boolean(), extraLatencyMs: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(link, { maxLength: 6 }), end, end, (links, from, to) => {
        assert.deepEqual(state(links, from, to), state(links, to, from));
      }),
    );
  });
});
