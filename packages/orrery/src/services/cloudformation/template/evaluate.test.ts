// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is CloudFormation's notation
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { evaluate, NotYetKnown, type Scope } from './evaluate.ts';
import { parseTemplate } from './parse.ts';
import type { Value } from './template.ts';

async function scopeOf(template: object = {}, known: Record<string, string> = {}): Promise<Scope> {
  const body = JSON.stringify({
    Resources: { Thing: { Type: 'Test::Thing' }, Other: { Type: 'Test::Thing' } },
    ...template,
  });
  return {
    template: await parseTemplate(body),
    parameters: { Stage: 'prod', Zones: ['a', 'b'] },
    pseudo: { 'AWS::Region': 'eu-west-1', 'AWS::AccountId': '000000000000' },
    ref: (id) => known[id],
    attribute: (id, name) => (name === 'Arn' ? `arn:${known[id]}` : undefined),
    importValue: (name) => (name === 'shared' ? 'imported' : undefined),
    availabilityZones: (region) => [`${region}a`, `${region}b`],
  };
}

const scope = await scopeOf(
  {
    Mappings: { Sizes: { 'eu-west-1': { Large: 'm5', List: ['x', 'y'] } } },
    Conditions: {
      IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
      IsTest: { 'Fn::Not': [{ Condition: 'IsProd' }] },
      Both: { 'Fn::And': [{ Condition: 'IsProd' }, { Condition: 'IsTest' }] },
      Either: { 'Fn::Or': [{ Condition: 'IsProd' }, { Condition: 'IsTest' }] },
      Loop: { 'Fn::Not': [{ Condition: 'Loop' }] },
    },
  },
  { Thing: 'thing-1' },
);

const yields = (expression: Value, expected: Value): void => {
  assert.deepEqual(evaluate(expression, scope), expected);
};
const fails = (expression: Value, message: RegExp): void => {
  assert.throws(() => evaluate(expression, scope), message);
};

describe('intrinsic functions', () => {
  it('Ref and GetAtt', () => {
    yields({ Ref: 'Thing' }, 'thing-1');
    yields({ Ref: 'Stage' }, 'prod');
    yields({ Ref: 'AWS::Region' }, 'eu-west-1');
    yields({ 'Fn::GetAtt': ['Thing', 'Arn'] }, 'arn:thing-1');
    yields({ 'Fn::GetAtt': 'Thing.Arn' }, 'arn:thing-1');
    assert.throws(() => evaluate({ Ref: 'Other' }, scope), NotYetKnown);
    assert.throws(() => evaluate({ 'Fn::GetAtt': ['Other', 'Arn'] }, scope), NotYetKnown);
    fails({ Ref: 'Nothing' }, /Unresolved resource dependencies \[Nothing\]/);
    fails({ 'Fn::GetAtt': ['Nothing', 'Arn'] }, /references undefined resource Nothing/);
    fails({ 'Fn::GetAtt': ['Thing', 'Size'] }, /attribute Size does not exist/);
  });

  it('Join, Split, Select, Length, Base64, ToJsonString', () => {
    yields({ 'Fn::Join': ['-', ['a', { Ref: 'Thing' }, 1]] }, 'a-thing-1-1');
    yields({ 'Fn::Join': [',', { Ref: 'Zones' }] }, 'a,b');
    yields({ 'Fn::Split': ['/', 'a/b//c'] }, ['a', 'b', '', 'c']);
    yields({ 'Fn::Select': ['1', { 'Fn::Split': ['/', 'a/b'] }] }, 'b');
    yields({ 'Fn::Length': { Ref: 'Zones' } }, 2);
    yields({ 'Fn::Base64': 'hello' }, 'aGVsbG8=');
    yields({ 'Fn::ToJsonString': { a: [{ Ref: 'Stage' }] } }, '{"a":["prod"]}');
    fails({ 'Fn::Select': [2, ['a']] }, /cannot select nonexistent value at index 2/);
    fails({ 'Fn::Join': 'a' }, /requires a list argument/);
    fails({ 'Fn::Join': ['', [{ a: 1 }]] }, /requires a string/);
    fails({ 'Fn::Unheard': [] }, /unknown function Fn::Unheard/);
  });

  it('Sub', () => {
    yields(
      { 'Fn::Sub': 'a-${Thing}-${Thing.Arn}-${AWS::Region}' },
      'a-thing-1-arn:thing-1-eu-west-1',
    );
    yields({ 'Fn::Sub': ['${x}-${Stage}', { x: { Ref: 'Thing' } }] }, 'thing-1-prod');
    yields({ 'Fn::Sub': 'keep ${!Literal} and $5' }, 'keep ${Literal} and $5');
    fails({ 'Fn::Sub': '${Nothing}' }, /Unresolved/);
  });

  it('FindInMap, GetAZs, ImportValue', () => {
    yields({ 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, 'Large'] }, 'm5');
    yields({ 'Fn::FindInMap': ['Sizes', 'no', 'Large', { DefaultValue: 'd' }] }, 'd');
    yields({ 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b']);
    yields({ 'Fn::ImportValue': 'shared' }, 'imported');
    fails({ 'Fn::FindInMap': ['Sizes', 'no', 'Large'] }, /Unable to get mapping/);
    fails({ 'Fn::ImportValue': 'none' }, /No export named none found\./);
  });

  it('If and conditions', () => {
    yields({ 'Fn::If': ['IsProd', 'yes', 'no'] }, 'yes');
    yields({ 'Fn::If': ['Both', 'yes', 'no'] }, 'no');
    yields({ 'Fn::If': ['Either', 'yes', 'no'] }, 'yes');
    // The branch that is not taken is not looked at.
    yields({ 'Fn::If': ['IsTest', { Ref: 'Other' }, 'no'] }, 'no');
    yields({ a: { 'Fn::If': ['IsTest', 1, { Ref: 'AWS::NoValue' }] }, b: 2 }, { b: 2 });
    yields([1, { Ref: 'AWS::NoValue' }, 3], [1, 3]);
    fails({ 'Fn::If': ['Unheard', 1, 2] }, /Cannot reference conditions/);
    fails({ 'Fn::If': ['Loop', 1, 2] }, /circular/);
  });

  it('leaves everything without a function as it is', () => {
    const plain = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((key) => !/^(Ref$|Fn::|__proto__)/.test(key)),
          tie('value'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    })).value;
    fc.assert(fc.property(plain, (value) => assert.deepEqual(evaluate(value, scope), value)));
  });

  it('takes names that every object has for what they are', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
      yields({ [name]: 'x' }, { [name]: 'x' });
      fails({ Ref: name }, /Unresolved/);
      fails({ 'Fn::GetAtt': [name, name] }, /undefined resource/);
      fails({ 'Fn::GetAtt': ['Thing', name] }, /does not exist/);
      fails({ 'Fn::FindInMap': [name, name, name] }, /Unable to get mapping/);
      fails({ 'Fn::If': [name, 1, 2] }, /Cannot reference conditions/);
      fails({ 'Fn::Sub': `\${${name}}` }, /Unresolved/);
    }
  });

  it('Split undoes Join', () => {
    const part = fc.string().filter((text) => !text.includes('|'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        yields({ 'Fn::Split': ['|', { 'Fn::Join': ['|', parts] }] }, parts);
      }),
    );
  });
});
