import assert from 'node:assert/strict';
import { it } from 'node:test';
import { namedRandom } from '../io/simulated/random.ts';
import { longRequestId } from './request-id.ts';

it('long request ids have 52 letters and digits, and differ', () => {
  const random = namedRandom(1, 'test');
  const ids = Array.from({ length: 1_000 }, () => longRequestId(random));
  for (const id of ids) assert.match(id, /^[A-Z0-9]{52}$/);
  assert.equal(new Set(ids).size, 1_000);
});
