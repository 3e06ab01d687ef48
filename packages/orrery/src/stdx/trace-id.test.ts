import assert from 'node:assert/strict';
import { it } from 'node:test';
import { traceRoot } from './trace-id.ts';

it('a trace root has the version, the second and 24 hex digits', () => {
  const root = traceRoot('01234567-89ab-4def-8123-456789abcdef', 1_700_000_000_999);
  assert.equal(root, 'Root=1-6553f100-01234567456789abcdef89ab');
});
