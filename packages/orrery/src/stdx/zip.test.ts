import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { isSafeName, unzip, ZipError } from './zip.ts';

const limits = { maxBytes: 1000, maxEntries: 5 };
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function faultOf(zip: Uint8Array): string {
  try {
    unzip(zip, limits);
  } catch (error) {
    assert.ok(error instanceof ZipError, String(error));
    return error.fault;
  }
  return 'none';
}

describe('unzip', () => {
  it('gives the files with their paths', () => {
    const zip = zipSync({ 'index.mjs': bytes('a'), lib: { 'b.js': bytes('bb') } });
    const files = unzip(zip, limits);
    assert.deepEqual([...files.keys()].sort(), ['index.mjs', 'lib/b.js']);
    assert.equal(Buffer.from(files.get('lib/b.js') ?? []).toString(), 'bb');
  });

  it('gives stored files too', () => {
    const zip = zipSync({ a: bytes('plain') }, { level: 0 });
    assert.equal(Buffer.from(unzip(zip, limits).get('a') ?? []).toString(), 'plain');
  });

  it('names what is wrong with a file', () => {
    assert.equal(faultOf(new Uint8Array(0)), 'empty');
    assert.equal(faultOf(zipSync({})), 'empty');
    assert.equal(faultOf(bytes('this is no zip file, not at all, whatever its name')), 'corrupt');
    assert.equal(faultOf(zipSync({ a: new Uint8Array(1001) })), 'too-large');
    assert.equal(faultOf(zipSync({ '../a': bytes('x') })), 'unsafe-name');
    const many = Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`f${n}`, bytes('x')]));
    assert.equal(faultOf(zipSync(many)), 'too-many-entries');
  });

  it('never unpacks more than the limit from a directory that lies', () => {
    const zip = zipSync({ a: new Uint8Array(5000) });
    const central = Buffer.from(zip).lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    new DataView(zip.buffer, zip.byteOffset).setUint32(central + 24, 10, true);
    assert.ok((unzip(zip, limits).get('a')?.length ?? 0) <= 10);
  });

  it('throws nothing but ZipError, whatever the bytes', () => {
    const base = zipSync({ 'index.mjs': bytes('export const handler = 1'), b: bytes('bbb') });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 6 }),
        (changes) => {
          const zip = base.slice();
          for (const [at, value] of changes) zip[at] = value;
          try {
            unzip(zip, limits);
          } catch (error) {
            assert.ok(error instanceof ZipError);
          }
        },
      ),
    );
  });
});

describe('isSafeName', () => {
  it('refuses names that lead elsewhere', () => {
    for (const name of ['/etc/x', '../x', 'a/../../x', 'C:/x', 'a\\b', '', 'a//b', './a', 'a\0']) {
      assert.equal(isSafeName(name), false, name);
    }
    for (const name of ['a', 'a/b.js', '..a', 'a..b/c', 'node_modules/@x/y/z.js']) {
      assert.equal(isSafeName(name), true, name);
    }
  });
});
