import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GivenParameter, resolveParameters } from './parameters.ts';
import { parseTemplate } from './parse.ts';

async function resolve(declared: object, given: readonly GivenParameter[] = [], previous = {}) {
  const body = JSON.stringify({ Parameters: declared, Resources: { A: { Type: 'T' } } });
  return await resolveParameters(await parseTemplate(body), given, previous, (name) =>
    Promise.resolve(name === '/there' ? '1,2' : undefined),
  );
}

describe('parameters', () => {
  it('are given, kept, or the default', async () => {
    const declared = {
      A: { Type: 'String', Default: 'a' },
      B: { Type: 'String' },
      C: { Type: 'Number', Default: 3 },
      D: { Type: 'CommaDelimitedList', Default: 'x, y' },
    };
    const given = [{ ParameterKey: 'B', UsePreviousValue: true }];
    const { resolved, values } = await resolve(declared, given, { B: 'kept' });
    assert.deepEqual(resolved, { A: 'a', B: 'kept', C: '3', D: ['x', 'y'] });
    assert.equal(values['D'], 'x, y');
  });

  it('may stand for SSM parameters', async () => {
    const one = { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/there' } };
    assert.deepEqual((await resolve(one)).resolved, { P: '1,2' });
    assert.deepEqual((await resolve(one)).values, { P: '/there' });
    const list = { P: { Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: '/there' } };
    assert.deepEqual((await resolve(list)).resolved, { P: ['1', '2'] });
    const none = { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/none' } };
    await assert.rejects(resolve(none), /Unable to fetch parameters \[\/none\]/);
  });

  it('say what does not fit', async () => {
    const text = { P: { Type: 'String' } };
    await assert.rejects(resolve(text), /Parameters: \[P\] must have values/);
    await assert.rejects(
      resolve(text, [{ ParameterKey: 'Q', ParameterValue: '1' }]),
      /Parameters: \[Q\] do not exist in the template/,
    );
    const value = (ParameterValue: string) => [{ ParameterKey: 'P', ParameterValue }];
    await assert.rejects(resolve({ P: { Type: 'Number' } }, value('x')), /must be a number/);
    const some = { P: { Type: 'String', AllowedValues: ['a'] } };
    await assert.rejects(resolve(some, value('b')), /must be one of AllowedValues/);
    const pattern = { P: { Type: 'String', AllowedPattern: '[a-z]+' } };
    await assert.rejects(resolve(pattern, value('B')), /must match pattern \[a-z\]\+/);
    assert.deepEqual((await resolve(pattern, value('b'))).resolved, { P: 'b' });
  });
});
