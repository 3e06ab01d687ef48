/**
 * Every operation of every model, both ways: what a client writes the server reads, and back. The
 * real clients of endpoint/clients.test.ts stand guard that both sides are not wrong together.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hexEncode } from '../stdx/bytes.ts';
import { createCodec } from './codec.ts';
import { WireError } from './errors.ts';
import type { Member, ServiceModel } from './model.ts';
import { asModel, memberOf, shapeOf, structureOf } from './models.ts';

const directory = new URL('./generated/', import.meta.url);
const models = readdirSync(directory)
  .filter((name) => name.endsWith('.json'))
  .map((name) => asModel(JSON.parse(readFileSync(new URL(name, directory), 'utf8'))));

const runs = { numRuns: 10 };
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(' a&b=c ', '<é/>"\'', '\r\n\t', 'ключ', '👍', '__proto__', '%2F+%', '.', '..'),
);
const token = fc.stringMatching(/^[A-Za-z0-9/.:_ -]{1,12}$/).filter((s) => s === s.trim());
const label = fc.oneof(token, fc.constantFrom('a/b', 'é &?#', '%41', 'a+b'));

/** Headers that the protocol itself sets where a member does not. */
const fixedHeaders = new Set(['content-length', 'content-type']);

type Values = fc.Arbitrary<unknown> | undefined;

/** Values of a member's shape; undefined below the depth that is tried. */
function arbitrary(model: ServiceModel, member: Member, depth: number): Values {
  const shape = shapeOf(model, member.shape);
  const isOutside = member.location !== undefined && member.location !== 'payload';
  switch (shape.type) {
    case 'string':
      return member.location === 'label' ? label : member.location ? token : text;
    case 'number':
      return member.location === 'status' ? fc.constant(200) : fc.integer();
    case 'boolean':
      return fc.boolean();
    case 'blob':
      return fc.uint8Array({ minLength: 1, maxLength: 9 });
    case 'timestamp': {
      const isWhole = isOutside || shape.timestampFormat === 'http-date';
      return fc.integer({ min: 0, max: 4e9 }).map((s) => s * 1000 + (isWhole ? 0 : 123));
    }
    case 'document':
      return text;
    case 'list': {
      const item = isOutside ? token : arbitrary(model, memberOf(shape.member), depth + 1);
      return item && fc.array(item, { minLength: 1, maxLength: 3 });
    }
    case 'map': {
      const key = isOutside ? fc.stringMatching(/^[a-z]{1,8}$/) : text;
      const value = isOutside ? token : arbitrary(model, memberOf(shape.value), depth + 1);
      return value && fc.dictionary(key, value, { minKeys: 1, maxKeys: 3 });
    }
    default:
      return depth > 3 ? undefined : structure(model, member.shape, depth + 1);
  }
}

/** A few members of the structure, and all that the URI or the status line cannot do without. */
function structure(model: ServiceModel, name: string, depth: number): fc.Arbitrary<unknown> {
  const shape = structureOf(model, name);
  const members = Object.entries(shape.members)
    .map(([key, reference]) => [key, memberOf(reference)] as const)
    .filter(([, { wireName }]) => !fixedHeaders.has(wireName ?? ''));
  const always = members.filter(
    ([key, { location }]) =>
      location === 'label' ||
      location === 'status' ||
      (location !== undefined && location !== 'payload' && shape.required?.includes(key)),
  );
  const maxLength = Math.min(members.length, depth === 0 ? 12 : 4);
  return fc.shuffledSubarray(members, { maxLength }).chain((some) => {
    const values: Record<string, fc.Arbitrary<unknown>> = {};
    for (const [key, member] of [...(depth === 0 ? always : []), ...some]) {
      const value = arbitrary(model, member, depth);
      if (value !== undefined) values[key] = value;
    }
    return fc.record(values);
  });
}

const fixedMembers = new Set(['ContentLength', 'ContentType']);

/** A comparable form: no prototypes, no empty things, bytes as hex. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes:${hexEncode(value)}`;
  if (Array.isArray(value)) {
    const items = value.map(plain).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, plain(item)] as const)
    .filter(([key, item]) => item !== undefined && !fixedMembers.has(key));
  return entries.length === 0 ? undefined : entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function isStreamed(model: ServiceModel, name: string): boolean {
  const members = Object.values(structureOf(model, name).members).map(memberOf);
  return members.some(
    ({ shape, location }) => location === 'payload' && shapeOf(model, shape).type === 'union',
  );
}

/** Told apart by host name only; an answer without a place for '' (endpoint/clients.test.ts). */
const apart = new Set(['ListDirectoryBuckets', 'GetBucketLocation']);

for (const model of models) {
  describe(model.source, () => {
    const codec = createCodec(model, { validatesRequired: true });
    const names = Object.keys(model.operations).filter((name) => !apart.has(name));

    it('reads every input that its clients write', () => {
      for (const name of names) {
        const { input } = model.operations[name] ?? { input: '' };
        if (isStreamed(model, input)) continue;
        fc.assert(
          fc.property(structure(model, input, 0), (value) => {
            const request = codec.request(name, value);
            const route = codec.route(request);
            assert.equal(route.operation, name, `${request.method} ${request.path}`);
            assert.deepEqual(plain(codec.read(route, request)), plain(value), name);
          }),
          runs,
        );
      }
    });

    it('writes every output so that its clients read it', () => {
      for (const name of names) {
        const { output } = model.operations[name] ?? { output: '' };
        if (isStreamed(model, output)) continue;
        fc.assert(
          fc.property(structure(model, output, 0), (value) => {
            const answer = codec.response(name, codec.write(name, value, 'id'));
            assert.ok(answer.ok);
            assert.deepEqual(plain(answer.output), plain(value), name);
          }),
          runs,
        );
      }
    });

    it('writes every error so that its clients read it', () => {
      for (const [name, shape] of Object.entries(model.shapes)) {
        if (shape.type !== 'structure' || shape.error === undefined) continue;
        const error = new WireError(name, 'Some <message>');
        const answer = codec.response(names[0] ?? '', codec.writeError(error, 'id'));
        assert.ok(!answer.ok);
        // The JSON protocols say the shape's name, the XML ones the code that the shape carries.
        const isJson = model.protocol.includes('Json');
        assert.equal(answer.error.code, isJson ? name : shape.error.code);
        assert.equal(answer.error.message, 'Some <message>');
        assert.equal(answer.error.status, shape.error.status);
      }
    });
  });
}
