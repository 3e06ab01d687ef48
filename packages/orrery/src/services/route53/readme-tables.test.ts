/** The tables of the README against the SDK's model, the service and the wire. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import json from '../../wire/generated/route53.json' with { type: 'json' };
import type { MemberRef } from '../../wire/model.ts';
import { asModel } from '../../wire/models.ts';
import { records, TestCloud } from './cloud.fake.ts';
import { recordTypes } from './record-set.ts';

const model = asModel(json);
const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');

/** Cells of the table that begins with these column names. */
function rowsOf(...columns: readonly string[]): readonly (readonly string[])[] {
  const lines = readme.split('\n');
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex(
    (line) => line.startsWith('|') && columns.every((name, i) => cells(line)[i] === name),
  );
  assert.ok(start >= 0, `no table of ${columns.join(', ')}`);
  const rest = lines.slice(start + 2);
  return rest
    .slice(
      0,
      rest.findIndex((line) => !line.startsWith('|')),
    )
    .map(cells);
}

const quoted = (text = ''): string[] =>
  [...text.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');

function membersOf(shape: string): readonly string[] {
  const found = model.shapes[shape];
  return found !== undefined && 'members' in found ? Object.keys(found.members) : [];
}

test('operations: each of the model once, done where the service has it, with its parameters', async () => {
  const cloud = await TestCloud.make();
  const built = cloud.service?.operations ?? {};
  const rows = rowsOf('operation', 'state', 'parameters');
  assert.deepEqual(rows.map(([name]) => name).sort(), Object.keys(model.operations).sort());
  for (const [name = '', state, parameters] of rows) {
    assert.equal(state, Object.hasOwn(built, name) ? 'done' : '501', name);
    const wanted = state === 'done' ? membersOf(model.operations[name]?.input ?? '') : [];
    assert.deepEqual(quoted(parameters), wanted, name);
  }
});

test('structures: each that goes into an operation that is done, with all its members', async () => {
  const cloud = await TestCloud.make();
  const reached = new Set<string>();
  const walk = (name: string): void => {
    const shape = model.shapes[name];
    if (shape === undefined || reached.has(name)) return;
    const of = (ref: MemberRef): string => (typeof ref === 'string' ? ref : ref.shape);
    if (shape.type === 'list') walk(of(shape.member));
    if (!('members' in shape)) return;
    reached.add(name);
    for (const member of Object.values(shape.members)) walk(of(member));
  };
  const inputs = Object.keys(cloud.service?.operations ?? {}).map(
    (name) => model.operations[name]?.input ?? '',
  );
  for (const input of inputs) walk(input);
  for (const input of inputs) reached.delete(input);
  const rows = rowsOf('structure', 'members');
  assert.deepEqual(rows.map(([name]) => name).sort(), [...reached].sort());
  for (const [name = '', members] of rows) {
    const told = new Set(quoted(members));
    assert.deepEqual(
      membersOf(name).filter((member) => !told.has(member)),
      [],
      name,
    );
  }
});

test('record types: each of the service, with a value that comes back on the wire', async () => {
  const rows = rowsOf('type', 'policies', 'a value');
  assert.deepEqual(
    rows.map(([type]) => type),
    [...recordTypes],
  );
  const cloud = await TestCloud.make();
  const zone = await cloud.zone('example.com');
  for (const [type = '', policies, value = ''] of rows) {
    const text = value.slice(1, -1);
    const name = type === 'SOA' ? 'example.com' : `${type.toLowerCase()}.example.com`;
    await cloud.change(zone, ['UPSERT', records(name, type, [text])]);
    // What is below a delegation is the parent's to answer only if it is a DS.
    if (type === 'DS') await cloud.change(zone, ['UPSERT', records(name, 'NS', ['ns.else.net.'])]);
    await cloud.sleep(600);
    const answer = type === 'NS' ? 'NODATA' : text;
    assert.equal(cloud.dig(name, type), answer, type);
    const weighted = await cloud.refusal('ChangeResourceRecordSets', {
      HostedZoneId: zone,
      ChangeBatch: {
        Changes: [
          {
            Action: 'CREATE',
            ResourceRecordSet: records(type === 'SOA' ? name : `w-${name}`, type, [text], {
              SetIdentifier: 'a',
              Weight: 1,
            }),
          },
        ],
      },
    });
    assert.equal(weighted === 'accepted', policies !== 'simple', `${type}: ${weighted}`);
  }
});
