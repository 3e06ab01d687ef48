/** The README's table of operations against the SDK's model and the service. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import dynamoDb from '../../wire/generated/dynamodb.json' with { type: 'json' };
import streams from '../../wire/generated/dynamodbstreams.json' with { type: 'json' };
import type { ServiceModel } from '../../wire/model.ts';
import { asModel } from '../../wire/models.ts';
import { hashTable, testedService } from './dynamodb.fake.ts';

const models: readonly ServiceModel[] = [asModel(dynamoDb), asModel(streams)];
const folder = import.meta.dirname;

interface Row {
  readonly state: string;
  readonly done: readonly string[];
  readonly kept: readonly string[];
  readonly ignored: readonly string[];
  readonly refused: readonly string[];
}

function rows(): Map<string, Row> {
  const text = readFileSync(join(folder, 'README.md'), 'utf8');
  const found = new Map<string, Row>();
  for (const [, name = '', state = '', cell = ''] of text.matchAll(
    /^\| (\w+) \| (\w+) \|(.*)\|$/gm,
  )) {
    if (name === 'operation') continue;
    assert.ok(!found.has(name), `${name} stands there twice`);
    const lists = { '': [], 'kept and shown': [], ignored: [], '501': [] } as Record<
      string,
      string[]
    >;
    for (const part of cell.split(';').map((one) => one.trim())) {
      const [, label = '', names = ''] = /^(?:([\w ]+): )?(.*)$/.exec(part) ?? [];
      const list = lists[label];
      assert.ok(list !== undefined, `${name}: ${label}`);
      list.push(...names.split(', ').filter((one) => one !== ''));
    }
    const { '': done = [], 'kept and shown': kept = [], ignored = [], '501': refused = [] } = lists;
    found.set(name, { state, done, kept, ignored, refused });
  }
  return found;
}

function membersOf(model: ServiceModel, operation: string): string[] {
  const shape = model.shapes[model.operations[operation]?.input ?? ''];
  return shape?.type === 'structure' ? Object.keys(shape.members) : [];
}

function sources(): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const code = files.filter((name) => name.endsWith('.ts') && !/\.(test|fake)\.ts$/.test(name));
  return new Map(code.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

test('every operation of the model stands in the table, and is served where it says so', async () => {
  const { service } = await testedService();
  const table = rows();
  const all = models.flatMap((model) => Object.keys(model.operations));
  assert.deepEqual([...table.keys()].sort(), [...all].sort());
  const served = { ...service.operations, ...service.streams.operations };
  for (const [name, { state }] of table) {
    assert.equal(state, name in served ? 'done' : '501', name);
  }
});

test('every parameter stands in its row', () => {
  const table = rows();
  for (const model of models) {
    for (const name of Object.keys(model.operations)) {
      const row = table.get(name);
      assert.ok(row !== undefined);
      const named = [...row.done, ...row.kept, ...row.ignored, ...row.refused];
      const wanted = row.state === 'done' ? membersOf(model, name) : [];
      assert.deepEqual(named.sort(), wanted.sort(), name);
    }
  }
});

test('the source knows the parameters that it is said to know, and no ignored one', () => {
  const files = sources();
  const everything = [...files.values()].join('\n');
  for (const [name, { done, kept, refused, ignored }] of rows()) {
    for (const parameter of [...done, ...kept, ...refused]) {
      assert.match(everything, new RegExp(`\\b${parameter}\\b`), `${name}: ${parameter}`);
    }
    const start = `function ${name.charAt(0).toLowerCase()}${name.slice(1)}(`;
    for (const parameter of ignored) {
      const own = [...files.values()].find((text) => text.includes(start)) ?? '';
      assert.ok(own !== '' && !own.includes(parameter), `${name}: ${parameter}`);
    }
  }
});

/** For each parameter that is answered with 501: a value, and the request it stands in. */
const refused: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  CreateTable: {
    GlobalTableSourceArn: { ...hashTable, TableName: 'new', GlobalTableSourceArn: 'arn:aws:x' },
    VectorIndexes: { ...hashTable, TableName: 'new', VectorIndexes: [{}] },
  },
  UpdateTable: {
    MultiRegionConsistency: { TableName: 'hash', MultiRegionConsistency: 'STRONG' },
    GlobalTableWitnessUpdates: { TableName: 'hash', GlobalTableWitnessUpdates: [{}] },
    DisassociationProtectionEnabled: { TableName: 'hash', DisassociationProtectionEnabled: true },
    VectorIndexUpdates: { TableName: 'hash', VectorIndexUpdates: [{}] },
  },
  RestoreTableFromBackup: {
    VectorIndexOverride: {
      TargetTableName: 'new',
      BackupArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/hash/backup/0',
      VectorIndexOverride: [{}],
    },
  },
};

test('parameters of which the table says 501 are answered so', async () => {
  const { call, failure } = await testedService();
  await call('CreateTable', hashTable);
  for (const [name, row] of rows()) {
    assert.deepEqual([...row.refused].sort(), Object.keys(refused[name] ?? {}).sort(), name);
    for (const [parameter, input] of Object.entries(refused[name] ?? {})) {
      const { code, status } = await failure(name, input);
      assert.deepEqual({ code, status }, { code: 'NotImplemented', status: 501 }, parameter);
    }
  }
});
