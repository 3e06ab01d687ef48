import assert from 'node:assert/strict';
import { it } from 'node:test';
import { remember } from './memo.ts';

it('remembers what is used, forgets what is not, and is never wrong', () => {
  const computed: string[] = [];
  const upper = remember((key) => {
    computed.push(key);
    return key.toUpperCase();
  }, 3);
  for (let n = 0; n < 50; n += 1) {
    assert.equal(upper('often'), 'OFTEN');
    assert.equal(upper(`once-${n}`), `ONCE-${n}`);
  }
  assert.equal(computed.filter((key) => key === 'often').length, 1);
  assert.equal(upper('once-0'), 'ONCE-0');
  assert.equal(computed.filter((key) => key === 'once-0').length, 2);
});
