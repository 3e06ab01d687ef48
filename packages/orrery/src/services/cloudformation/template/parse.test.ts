// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is CloudFormation's notation
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTemplate } from './parse.ts';
import { parseYaml } from './yaml.ts';

const json = JSON.stringify({
  Description: 'one',
  Parameters: { P: { Type: 'Number', Default: 7 } },
  Resources: {
    A: { Type: 'T', Properties: { version: '2012-10-17', on: 'yes', n: 512, off: false } },
    B: {
      Type: 'T',
      DependsOn: 'A',
      DeletionPolicy: 'Retain',
      Properties: {
        ref: { Ref: 'A' },
        arn: { 'Fn::GetAtt': ['A', 'x.Arn'] },
        sub: { 'Fn::Sub': ['${v}-${P}', { v: { Ref: 'P' } }] },
        joined: { 'Fn::Join': ['-', ['a', { Ref: 'A' }]] },
      },
    },
  },
});

const yaml = `
Description: one
Parameters: {P: {Type: Number, Default: 7}}
Resources:
  A:
    Type: T
    Properties: {version: 2012-10-17, on: yes, n: 512, off: false}
  B:
    Type: T
    DependsOn: A
    DeletionPolicy: Retain
    Properties:
      ref: !Ref A
      arn: !GetAtt A.x.Arn
      sub: !Sub ['\${v}-\${P}', {v: !Ref P}]
      joined: !Join
        - '-'
        - - a
          - !Ref A
`;

describe('templates', () => {
  it('are the same in JSON and YAML', async () => {
    const template = await parseTemplate(json);
    assert.deepEqual(await parseTemplate(yaml), template);
    assert.equal(template.parameters['P']?.default, '7');
    assert.deepEqual(template.resources['B']?.dependsOn, ['A']);
    assert.equal(template.resources['B']?.deletionPolicy, 'Retain');
  });

  it('say what is wrong with them', async () => {
    const wrong = (body: string, message: RegExp): Promise<void> =>
      assert.rejects(parseTemplate(body), message);
    await wrong('{}', /At least one Resources member must be defined/);
    await wrong('[]', /unsupported structure/);
    await wrong('just text', /unsupported structure/);
    await wrong('a: [', /YAML not well-formed/);
    await wrong('{"Resources": {"A": {}}}', /Every Resources object must contain a Type member/);
    await wrong('{"Resources": {"A-b": {"Type": "T"}}}', /Resource name A-b is non alphanumeric/);
    await wrong('{"Resources": {"A": {"Type": "T", "DependsOn": 1}}}', /DependsOn/);
    await wrong('{"Transform": "X", "Resources": {}}', /Transforms are not built: "X"/);
    await wrong(
      '{"__proto__": {}, "Resources": {"A": {"Type": "T"}}}',
      /__proto__ cannot be a name/,
    );
    await wrong('Resources: {A: {Type: !Unheard x}}', /unknown tag !Unheard/);
  });

  it('are bounded', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    await assert.rejects(parseTemplate(`{"Resources": ${deep}}`), /nested too deeply/);
    const bomb = ['a: &a [1,1,1,1,1,1,1,1,1,1]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg']) {
      bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(',')}]`);
    }
    assert.throws(() => parseYaml(bomb.join('\n')), /too many values/);
    assert.throws(() => parseYaml('['.repeat(200_000)), /YAML not well-formed/);
    await assert.rejects(parseTemplate(' '.repeat(2_000_000)), /may not exceed/);
  });
});
