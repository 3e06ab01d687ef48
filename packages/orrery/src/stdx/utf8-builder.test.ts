import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Utf8Builder } from './utf8-builder.ts';

it('builds what its parts say, whatever they are, in buffers that served before', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 9_000 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  );
  const parts = fc.array(fc.tuple(part, fc.boolean()), { maxLength: 20 });
  fc.assert(
    fc.property(parts, fc.boolean(), (list, givenBack) => {
      const builder = new Utf8Builder();
      let expected = '';
      for (const [text, asBytes] of list) {
        const start = builder.length;
        if (asBytes) {
          const bytes = Buffer.from(`<${text}>`);
          builder.copy(bytes, 1, bytes.length - 1);
        } else builder.text(text);
        builder.character(44);
        const written = Buffer.from(text).toString();
        assert.equal(builder.slice(start, builder.length), `${written},`);
        expected += `${written},`;
      }
      const { bytes, release } = builder.take();
      assert.equal(Buffer.from(bytes).toString(), expected);
      if (givenBack) release();
    }),
    { numRuns: 200 },
  );
});

it('shares no buffer before it is given back, and gives one back once', () => {
  const one = new Utf8Builder();
  one.text('one');
  const first = one.take();
  const two = new Utf8Builder();
  two.text('two');
  const second = two.take();
  assert.equal(Buffer.from(first.bytes).toString(), 'one');
  first.release();
  first.release();
  const [three, four] = [new Utf8Builder(), new Utf8Builder()];
  three.text('three');
  four.text('four');
  assert.equal(three.slice(0, three.length), 'three');
  assert.equal(four.slice(0, four.length), 'four');
  assert.equal(Buffer.from(second.bytes).toString(), 'two');
});
