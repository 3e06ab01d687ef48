/** A short run of what `npm run fuzz -- xml` does at length. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzRequests } from './requests.fake.ts';

test('1,500 hostile requests are answered, none with 500', async () => {
  const { statuses } = await fuzzRequests(1, 1500, () => performance.now());
  for (const status of [200, 201, 400, 404]) {
    assert.ok((statuses.get(status) ?? 0) > 5, `status ${status} is reached`);
  }
});
