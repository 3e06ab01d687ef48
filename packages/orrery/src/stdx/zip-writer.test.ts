import assert from 'node:assert/strict';
import { it } from 'node:test';
import { unzipSync } from 'fflate';
import { utf8Decode, utf8Encode } from './bytes.ts';
import { zipOf } from './zip-writer.ts';

const entry = (text: string, executable = false) => ({ bytes: utf8Encode(text), executable });

it('writes the same bytes for the same files, in whatever order they come', () => {
  const one = zipOf(
    new Map([
      ['a.js', entry('a')],
      ['b/c.sh', entry('c', true)],
    ]),
  );
  const two = zipOf(
    new Map([
      ['b/c.sh', entry('c', true)],
      ['a.js', entry('a')],
    ]),
  );
  assert.deepEqual(one, two);
  const files = unzipSync(one);
  assert.deepEqual(Object.keys(files), ['a.js', 'b/c.sh']);
  assert.equal(utf8Decode(files['b/c.sh'] ?? new Uint8Array()), 'c');
});
