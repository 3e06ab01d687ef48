// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is CloudFormation's notation
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dependenciesOf, namesIn, reversed } from './dependencies.ts';
import { parseTemplate } from './parse.ts';

async function graph(resources: object, rest: object = {}) {
  return dependenciesOf(await parseTemplate(JSON.stringify({ Resources: resources, ...rest })));
}

describe('dependencies', () => {
  it('come from DependsOn, Ref, GetAtt and Sub, and not from parameters', async () => {
    const found = await graph(
      {
        A: { Type: 'T' },
        B: { Type: 'T', DependsOn: 'A' },
        C: { Type: 'T', Properties: { x: [{ Ref: 'A' }], y: { 'Fn::GetAtt': ['B', 'Arn'] } } },
        D: { Type: 'T', Properties: { x: { 'Fn::Sub': '${C.Arn}/${P}/${!A}/${AWS::Region}' } } },
        E: { Type: 'T', Properties: { x: { 'Fn::Sub': ['${v}', { v: { Ref: 'D' } }] } } },
      },
      { Parameters: { P: { Type: 'String' } } },
    );
    const plain = Object.fromEntries([...found].map(([id, before]) => [id, [...before]]));
    assert.deepEqual(plain, { A: [], B: ['A'], C: ['A', 'B'], D: ['C'], E: ['D'] });
  });

  it('name the resources of a circle, and not those that hang on it', async () => {
    const circle = graph({
      A: { Type: 'T', DependsOn: 'C' },
      B: { Type: 'T', DependsOn: 'A' },
      C: { Type: 'T', DependsOn: 'B' },
      After: { Type: 'T', DependsOn: 'A' },
      Before: { Type: 'T' },
      Own: { Type: 'T', DependsOn: 'Before' },
    });
    await assert.rejects(circle, /Circular dependency between resources: \[A, B, C\]/);
    await assert.rejects(graph({ A: { Type: 'T', DependsOn: 'A' } }), /resources: \[A\]/);
  });

  it('must lead to something', async () => {
    const unresolved = /Unresolved resource dependencies \[X\] in the Resources block/;
    await assert.rejects(graph({ A: { Type: 'T', DependsOn: 'X' } }), unresolved);
    await assert.rejects(graph({ A: { Type: 'T', Properties: { x: { Ref: 'X' } } } }), unresolved);
    const outputs = { Outputs: { O: { Value: { Ref: 'X' } } } };
    await assert.rejects(graph({ A: { Type: 'T' } }, outputs), /in the Outputs block/);
  });

  it('turn round and back', () => {
    const edges = fc.dictionary(fc.constantFrom(...'abcdef'), fc.subarray([...'abcdef']), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(edges, (drawn) => {
        const full = new Map([...'abcdef'].map((id) => [id, new Set(drawn[id] ?? [])]));
        assert.deepEqual(reversed(reversed(full)), full);
      }),
    );
  });

  it('are found in no literal', () => {
    assert.deepEqual(namesIn({ 'Fn::Sub': '${!A} $A {A}' }), []);
    assert.deepEqual(namesIn({ x: 'A', y: 1, z: null }), []);
  });
});
