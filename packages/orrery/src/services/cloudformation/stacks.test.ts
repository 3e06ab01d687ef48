// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is CloudFormation's notation
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FakeStacks, fakeStacks } from './stacks.fake.ts';

type Resources = Record<
  string,
  { Properties?: object; DependsOn?: string; [more: string]: unknown }
>;

function body(resources: Resources, rest: object = {}): string {
  const typed = Object.fromEntries(
    Object.entries(resources).map(([id, one]) => [id, { Type: 'Test::Thing', ...one }]),
  );
  return JSON.stringify({ Resources: typed, ...rest });
}

const input = (resources: Resources, rest: object = {}) => ({
  StackName: 'one',
  TemplateBody: body(resources, rest),
});

interface Event {
  readonly LogicalResourceId: string;
  readonly ResourceStatus: string;
  readonly ResourceStatusReason?: string;
}

async function events(stacks: FakeStacks, StackName = 'one'): Promise<string[]> {
  const { StackEvents } = await stacks.call<{ StackEvents: Event[] }>('DescribeStackEvents', {
    StackName,
  });
  return StackEvents.reverse().map(
    ({ LogicalResourceId: id, ResourceStatus: status, ResourceStatusReason: reason }) =>
      `${id} ${status}${reason === undefined ? '' : ` ${reason}`}`,
  );
}

async function outputs(stacks: FakeStacks, StackName = 'one'): Promise<Record<string, string>> {
  type Described = { Stacks: { Outputs: { OutputKey: string; OutputValue: string }[] }[] };
  const { Stacks } = await stacks.call<Described>('DescribeStacks', { StackName });
  return Object.fromEntries(
    (Stacks[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );
}

describe('a stack', () => {
  it('is made in the order of its dependencies and deleted in the reverse', async () => {
    const stacks = await fakeStacks();
    const status = await stacks.run(
      'CreateStack',
      input(
        {
          C: { DependsOn: 'B' },
          B: { Properties: { Of: { 'Fn::GetAtt': ['A', 'Arn'] } } },
          A: { Properties: { DelayMs: 500 } },
        },
        { Outputs: { Of: { Value: { 'Fn::GetAtt': ['C', 'Arn'] } } } },
      ),
    );
    assert.equal(status, 'CREATE_COMPLETE');
    assert.deepEqual(stacks.log, ['create A thing-1', 'create B thing-2', 'create C thing-3']);
    assert.deepEqual(stacks.things.get('thing-2'), { Of: 'arn:thing-1' });
    assert.deepEqual(await outputs(stacks), { Of: 'arn:thing-3' });
    assert.deepEqual(await events(stacks), [
      'one CREATE_IN_PROGRESS User Initiated',
      'A CREATE_IN_PROGRESS',
      'A CREATE_COMPLETE',
      'B CREATE_IN_PROGRESS',
      'B CREATE_COMPLETE',
      'C CREATE_IN_PROGRESS',
      'C CREATE_COMPLETE',
      'one CREATE_COMPLETE',
    ]);
    const { StackEvents } = await stacks.call<{ StackEvents: { Timestamp: number }[] }>(
      'DescribeStackEvents',
      { StackName: 'one' },
    );
    const times = StackEvents.map(({ Timestamp }) => Timestamp);
    assert.equal(new Set(times).size, times.length, 'tools order events by time alone');
    assert.deepEqual(times, [...times].sort().reverse());
    stacks.log.length = 0;
    await stacks.call('DeleteStack', { StackName: 'one' });
    await stacks.idle();
    assert.deepEqual(stacks.log, ['delete C thing-3', 'delete B thing-2', 'delete A thing-1']);
    await assert.rejects(
      stacks.call('DescribeStacks', { StackName: 'one' }),
      /Stack with id one does not exist/,
    );
    await stacks.call('DeleteStack', { StackName: 'one' });
  });

  it('makes what is independent side by side', async () => {
    const stacks = await fakeStacks();
    const slow = { Properties: { DelayMs: 10_000 } };
    await stacks.call('CreateStack', input({ A: slow, B: slow, C: slow, D: slow }));
    const startUs = stacks.universe.nowUs;
    await stacks.universe.runUntil(startUs + 60_000_000, () => stacks.things.size === 4);
    assert(stacks.universe.nowUs - startUs < 11_000_000);
  });

  it('rolls a failed creation back, with the reasons that AWS gives', async () => {
    const stacks = await fakeStacks();
    const template = {
      A: {},
      B: { DependsOn: 'A', Properties: { Fail: 'create' } },
      C: { DependsOn: 'B' },
      D: { DependsOn: 'A', Properties: { Fail: 'late' } },
      Kept: { DeletionPolicy: 'RetainExceptOnCreate' },
    };
    assert.equal(await stacks.run('CreateStack', input(template)), 'ROLLBACK_COMPLETE');
    assert.equal(stacks.things.size, 0, 'what was half made is deleted too');
    const said = await events(stacks);
    assert(
      said.some((one) =>
        /^B CREATE_FAILED Resource handler returned message: "no create today \(Service: Thing, Status Code: 400/.test(
          one,
        ),
      ),
    );
    assert(
      said.some((one) =>
        one.startsWith('one ROLLBACK_IN_PROGRESS The following resource(s) failed to create: ['),
      ),
    );
    assert(said.some((one) => one.endsWith(']. Rollback requested by user.')));
    assert(!said.some((one) => one.startsWith('C ')));
    await assert.rejects(
      stacks.call('UpdateStack', input({ A: {} })),
      /is in ROLLBACK_COMPLETE state and can not be updated\./,
    );
    await assert.rejects(
      stacks.call('CreateStack', input({ A: {} })),
      /Stack \[one\] already exists/,
    );
    await stacks.call('DeleteStack', { StackName: 'one' });
    await stacks.idle();
    assert.equal(await stacks.run('CreateStack', input({ A: {} })), 'CREATE_COMPLETE');
  });

  it('keeps what failed where rollback is off, and goes on from there', async () => {
    const stacks = await fakeStacks();
    const template = { A: {}, B: { DependsOn: 'A', Properties: { Fail: 'create' } } };
    const status = await stacks.run('CreateStack', { ...input(template), DisableRollback: true });
    assert.equal(status, 'CREATE_FAILED');
    assert.equal(stacks.things.size, 1);
    assert.equal(await stacks.run('UpdateStack', input({ A: {}, B: {} })), 'UPDATE_COMPLETE');
    assert.deepEqual([...stacks.things.keys()], ['thing-1', 'thing-3']);
  });

  it('names the types that are not built before anything is made', async () => {
    const stacks = await fakeStacks();
    const template = { A: {}, Q: { Type: 'AWS::SQS::Queue' }, X: { Type: 'Custom::Thing' } };
    assert.equal(await stacks.run('CreateStack', input(template)), 'ROLLBACK_COMPLETE');
    const said = await events(stacks);
    assert(said.includes('Q CREATE_FAILED The resource type AWS::SQS::Queue is not built.'));
    assert(
      said.some((one) =>
        /^X CREATE_FAILED Custom resources are not built \(Custom::Thing\)/.test(one),
      ),
    );
    assert.deepEqual(stacks.log, []);
  });

  it('retains what it is told to retain, and says what it could not delete', async () => {
    const stacks = await fakeStacks();
    const template = {
      Kept: { DeletionPolicy: 'Retain' },
      Stuck: { Properties: { Fail: 'delete' } },
      Gone: { DependsOn: 'Stuck' },
    };
    await stacks.run('CreateStack', input(template));
    assert.equal(await stacks.run('DeleteStack', { StackName: 'one' }), 'DELETE_FAILED');
    assert.deepEqual(stacks.things.size, 2);
    const said = await events(stacks);
    assert(said.includes('Kept DELETE_SKIPPED'));
    assert(
      said.includes('one DELETE_FAILED The following resource(s) failed to delete: [Stuck]. '),
    );
  });
});

describe('an update', () => {
  const first = {
    Same: {},
    Changed: { Properties: { Size: 1 } },
    Replaced: { Properties: { Name: 'a' } },
    Follows: { Properties: { Of: { Ref: 'Replaced' } } },
    Removed: { DependsOn: 'Same' },
  };
  const second = {
    Same: {},
    Changed: { Properties: { Size: 2 } },
    Replaced: { Properties: { Name: 'b' } },
    Follows: { Properties: { Of: { Ref: 'Replaced' } } },
    Added: {},
  };

  it('changes, replaces, adds and removes, and deletes old things last', async () => {
    const stacks = await fakeStacks();
    await stacks.run('CreateStack', input(first));
    const before = new Map(stacks.things);
    stacks.log.length = 0;
    assert.equal(await stacks.run('UpdateStack', input(second)), 'UPDATE_COMPLETE');
    const physical = (id: string): string =>
      [...before].find(([, properties]) => properties['Name'] === id)?.[0] ?? '';
    const deletions = stacks.log.filter((line) => line.startsWith('delete'));
    assert.deepEqual(stacks.log.slice(-2), deletions, 'deletions come last');
    assert(deletions.includes(`delete Replaced ${physical('a')}`));
    assert(!stacks.log.some((line) => line.includes(' Same ')));
    assert.equal(stacks.log.filter((line) => line.startsWith('update Changed')).length, 1);
    assert.equal(stacks.log.filter((line) => line.startsWith('update Follows')).length, 1);
    assert.equal(stacks.things.size, 5);
    assert(
      (await events(stacks)).includes(
        'Replaced UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.',
      ),
    );
  });

  it('does nothing, and says so, where nothing changed', async () => {
    const stacks = await fakeStacks();
    const rest = {
      Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/there' } },
      Outputs: { O: { Value: { Ref: 'P' } } },
    };
    const things = { A: { Properties: { Size: { Ref: 'P' } } } };
    await stacks.run('CreateStack', input(things, rest));
    const again = (resources: Resources, more: object = rest): Promise<unknown> =>
      stacks.call('UpdateStack', input(resources, more));
    const nothing = /^ValidationError: No updates are to be performed\.$/;
    await assert.rejects(again(things), nothing);
    // Another text with the same meaning, too.
    await assert.rejects(
      again({ A: { Properties: { Size: { 'Fn::Sub': ['${P}', {}] } } } }),
      nothing,
    );
    // An output of its own is a change, and so is another value behind the same parameter.
    const outputs = { Outputs: { O: { Value: 'other' } } };
    assert.equal(
      await stacks.run('UpdateStack', input(things, { ...rest, ...outputs })),
      'UPDATE_COMPLETE',
    );
    stacks.ssm.set('/there', 'changed');
    await again(things, { ...rest, ...outputs });
    await stacks.idle();
    assert.deepEqual([...stacks.things.values()], [{ Size: 'changed' }]);
  });

  it('goes back to what was where it fails', async () => {
    const stacks = await fakeStacks();
    await stacks.run(
      'CreateStack',
      input(first, { Outputs: { R: { Value: { Ref: 'Replaced' } } } }),
    );
    const before = new Map(stacks.things);
    const wasOut = await outputs(stacks);
    const failing = { ...second, Last: { DependsOn: 'Follows', Properties: { Fail: 'create' } } };
    assert.equal(await stacks.run('UpdateStack', input(failing)), 'UPDATE_ROLLBACK_COMPLETE');
    assert.deepEqual(new Map([...stacks.things].sort()), new Map([...before].sort()));
    assert.deepEqual(await outputs(stacks), wasOut);
    const { TemplateBody } = await stacks.call<{ TemplateBody: string }>('GetTemplate', {
      StackName: 'one',
    });
    assert.deepEqual(JSON.parse(TemplateBody).Resources.Changed.Properties, { Size: 1 });
    assert.equal(await stacks.run('UpdateStack', input(second)), 'UPDATE_COMPLETE');
  });

  it('that cannot go back says so', async () => {
    const stacks = await fakeStacks();
    const stubborn = { A: { Properties: { Size: 1, Fail: 'update' } }, B: {} };
    await stacks.run('CreateStack', input(stubborn));
    const next = {
      A: { Properties: { Size: 2 } },
      B: { DependsOn: 'A', Properties: { Size: 1, Fail: 'update' } },
    };
    assert.equal(await stacks.run('UpdateStack', input(next)), 'UPDATE_ROLLBACK_FAILED');
  });

  it('does not replace under the same name', async () => {
    const stacks = await fakeStacks();
    await stacks.run('CreateStack', input({ A: { Properties: { Name: 'a' } } }));
    const record = { A: { Properties: { Name: 'a', Size: 1 } } };
    assert.equal(await stacks.run('UpdateStack', input(record)), 'UPDATE_COMPLETE');
    assert.equal(stacks.log.at(-1), 'update A thing-1');
    const other = { A: { Properties: { Name: 'a', Size: 1, Kind: 'other' } } };
    assert.equal(await stacks.run('UpdateStack', input(other)), 'UPDATE_ROLLBACK_COMPLETE');
    const refusal =
      /cannot update a stack when a custom-named resource requires replacing\. Rename a/;
    assert((await events(stacks)).some((one) => refusal.test(one)));
    assert.deepEqual([...stacks.things.keys()], ['thing-1']);
  });
});

describe('exports', () => {
  const exporting = (value: string) =>
    input({ A: {} }, { Outputs: { O: { Value: value, Export: { Name: 'shared' } } } });
  const importing = {
    StackName: 'two',
    TemplateBody: body({ B: { Properties: { Of: { 'Fn::ImportValue': 'shared' } } } }),
  };

  it('are used by other stacks, and then stay', async () => {
    const stacks = await fakeStacks();
    await stacks.run('CreateStack', exporting('v1'));
    assert.equal(await stacks.run('CreateStack', importing), 'CREATE_COMPLETE');
    assert.deepEqual(stacks.things.get('thing-2'), { Of: 'v1' });
    const { Exports } = await stacks.call<{ Exports: object[] }>('ListExports', {});
    assert.equal(Exports.length, 1);
    assert.deepEqual(await stacks.call('ListImports', { ExportName: 'shared' }), {
      Imports: ['two'],
    });
    assert.equal(await stacks.run('UpdateStack', exporting('v2')), 'UPDATE_ROLLBACK_COMPLETE');
    assert(
      (await events(stacks)).some((one) =>
        one.includes('Cannot update export shared as it is in use by two'),
      ),
    );
    assert.equal(await stacks.run('DeleteStack', { StackName: 'one' }), 'DELETE_FAILED');
    await stacks.call('DeleteStack', { StackName: 'two' });
    await stacks.idle();
    await stacks.call('DeleteStack', { StackName: 'one' });
    await stacks.idle();
    assert.equal(stacks.things.size, 0);
  });

  it('have one stack each, and must exist to be imported', async () => {
    const stacks = await fakeStacks();
    assert.equal(await stacks.run('CreateStack', importing), 'ROLLBACK_COMPLETE');
    assert(
      (await events(stacks, 'two')).some((one) => one.includes('No export named shared found.')),
    );
    await stacks.run('CreateStack', exporting('v1'));
    const another = { ...exporting('v1'), StackName: 'three' };
    assert.equal(await stacks.run('CreateStack', another), 'ROLLBACK_COMPLETE');
    const said = await events(stacks, 'three');
    assert(
      said.some((one) => one.includes('Export with name shared is already exported by stack one.')),
    );
  });
});

describe('a change set', () => {
  interface Described {
    readonly Status: string;
    readonly ExecutionStatus: string;
    readonly StatusReason?: string;
    readonly Changes: { ResourceChange: Record<string, unknown> }[];
  }
  const named = { StackName: 'one', ChangeSetName: 'changes' };

  it('makes a new stack when it is executed', async () => {
    const stacks = await fakeStacks();
    const create = { ...input({ A: {} }), ...named, ChangeSetType: 'CREATE' };
    await stacks.call('CreateChangeSet', create);
    const described = await stacks.call<Described>('DescribeChangeSet', named);
    assert.deepEqual(
      [described.Status, described.ExecutionStatus],
      ['CREATE_COMPLETE', 'AVAILABLE'],
    );
    assert.equal(described.Changes[0]?.ResourceChange['Action'], 'Add');
    assert.equal(stacks.things.size, 0);
    await assert.rejects(stacks.call('CreateChangeSet', create), /already exists/);
    assert.equal(await stacks.run('ExecuteChangeSet', named), 'CREATE_COMPLETE');
    assert.equal(stacks.things.size, 1);
    await assert.rejects(
      stacks.call('DescribeChangeSet', named),
      /ChangeSet \[changes\] does not exist/,
    );
  });

  it('shows what an update would do, and does it', async () => {
    const stacks = await fakeStacks();
    await stacks.run('CreateStack', input({ A: {}, B: { Properties: { Name: 'b' } }, C: {} }));
    const next = { A: { Properties: { Size: 1 } }, B: { Properties: { Name: 'c' } }, D: {} };
    await stacks.call('CreateChangeSet', { ...input(next), ...named });
    const { Changes } = await stacks.call<Described>('DescribeChangeSet', named);
    const shown = Changes.map(({ ResourceChange: change }) =>
      [change['Action'], change['LogicalResourceId'], change['Replacement']].join(' '),
    );
    assert.deepEqual(shown, ['Modify A False', 'Modify B True', 'Add D ', 'Remove C ']);
    assert.equal(await stacks.run('ExecuteChangeSet', named), 'UPDATE_COMPLETE');
    assert.equal(stacks.things.size, 3);
  });

  it('without changes fails, and cannot be executed', async () => {
    const stacks = await fakeStacks();
    await stacks.run('CreateStack', input({ A: {} }));
    await stacks.call('CreateChangeSet', { ...input({ A: {} }), ...named });
    const described = await stacks.call<Described>('DescribeChangeSet', named);
    assert.equal(described.Status, 'FAILED');
    assert.match(described.StatusReason ?? '', /didn't contain changes/);
    await assert.rejects(
      stacks.call('ExecuteChangeSet', named),
      /cannot be executed in its current status of \[FAILED\]/,
    );
    await stacks.call('DeleteChangeSet', named);
    await stacks.call('DeleteChangeSet', named);
  });
});

describe('a crash', () => {
  const slow = { A: {}, B: { DependsOn: 'A', Properties: { Name: 'b', DelayMs: 30_000 } } };

  it('in the middle leaves a stack that says so and can be brought to its end', async () => {
    const stacks = await fakeStacks();
    await stacks.call('CreateStack', input(slow));
    await stacks.universe.runUntil(stacks.universe.nowUs + 5_000_000);
    stacks.universe.crash('region/us-east-1');
    stacks.universe.restart('region/us-east-1');
    await stacks.idle();
    const { Stacks } = await stacks.call<{ Stacks: object[] }>('DescribeStacks', {
      StackName: 'one',
    });
    const [stack] = Stacks as { StackStatus: string; StackStatusReason: string }[];
    assert.equal(stack?.StackStatus, 'CREATE_FAILED');
    assert.match(stack?.StackStatusReason ?? '', /interrupted/);
    assert.equal(await stacks.run('UpdateStack', input(slow)), 'UPDATE_COMPLETE');
    assert.deepEqual(stacks.log, [
      'create A thing-1',
      'create B thing-2',
      'create B thing-3 resumed',
    ]);
  });

  it('after the end changes nothing', async () => {
    const stacks = await fakeStacks();
    assert.equal(await stacks.run('CreateStack', input({ A: {} })), 'CREATE_COMPLETE');
    stacks.universe.crash('region/us-east-1');
    stacks.universe.restart('region/us-east-1');
    await stacks.idle();
    await assert.rejects(stacks.call('UpdateStack', input({ A: {} })), /No updates/);
    await stacks.call('DeleteStack', { StackName: 'one' });
    await stacks.idle();
    assert.equal(stacks.things.size, 0);
  });
});

describe('bad requests', () => {
  it('get the errors that AWS gives', async () => {
    const stacks = await fakeStacks();
    const create = (input: object): Promise<unknown> => stacks.call('CreateStack', input);
    await assert.rejects(create({ StackName: '1' }), /failed to satisfy constraint/);
    await assert.rejects(create({ StackName: 'one' }), /Either Template URL or Template Body/);
    const large = { StackName: 'one', TemplateBody: ' '.repeat(51_201) };
    await assert.rejects(create(large), /less than or equal to 51200/);
    const role = input({ R: { Type: 'AWS::IAM::Role' } });
    await assert.rejects(create(role), /Requires capabilities : \[CAPABILITY_IAM\]/);
    const named = input({ R: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } } });
    await assert.rejects(
      create({ ...named, Capabilities: ['CAPABILITY_IAM'] }),
      /Requires capabilities : \[CAPABILITY_NAMED_IAM\]/,
    );
    await assert.rejects(create(input({ A: { DependsOn: 'A' } })), /Circular dependency/);
    const unknown = stacks.call('UpdateStack', input({ A: {} }));
    await assert.rejects(unknown, /Stack with id one does not exist/);
    await stacks.call('CreateStack', input({ A: { Properties: { DelayMs: 10_000 } } }));
    await assert.rejects(
      stacks.call('UpdateStack', input({ B: {} })),
      /is in CREATE_IN_PROGRESS state and can not be updated/,
    );
    await assert.rejects(
      stacks.call('DescribeStacks', { StackName: 'x'.repeat(5000) }),
      /does not exist/,
    );
    await assert.rejects(
      stacks.call('DescribeStackResource', { StackName: 'one', LogicalResourceId: 'Z' }),
      /Resource Z does not exist for stack one/,
    );
  });
});
