import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { extractAll } from '../../../../scripts/extract-models.ts';
import type { ServiceModel } from './model.ts';
import { asModel, memberOf, shapeOf, structureOf } from './models.ts';

const directory = new URL('./generated/', import.meta.url);
const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
const read = (name: string): string => readFileSync(new URL(name, directory), 'utf8');
const models = new Map<string, ServiceModel>(
  files.map((name) => [name, asModel(JSON.parse(read(name)))]),
);

test('the generated models are what the installed SDK gives', async () => {
  const expected = await extractAll();
  assert.deepEqual(files.toSorted(), [...expected.keys()].toSorted());
  for (const [name, text] of expected) {
    assert.ok(read(name) === text, `${name} is stale: run npm run models`);
  }
});

test('every reference leads to a shape, every operation to structures', () => {
  for (const model of models.values()) {
    for (const operation of Object.values(model.operations)) {
      structureOf(model, operation.input);
      structureOf(model, operation.output);
    }
    for (const shape of Object.values(model.shapes)) {
      const references =
        shape.type === 'list'
          ? [shape.member]
          : shape.type === 'map'
            ? [shape.key, shape.value]
            : shape.type === 'structure' || shape.type === 'union'
              ? Object.values(shape.members)
              : [];
      for (const reference of references) shapeOf(model, memberOf(reference).shape);
    }
  }
});

test('bindings, errors and names survive the extraction', () => {
  const s3 = models.get('s3.json');
  const lambda = models.get('lambda.json');
  const iam = models.get('iam.json');
  assert.ok(s3 !== undefined && lambda !== undefined && iam !== undefined);
  assert.deepEqual(s3.operations['ListObjectsV2']?.http, ['GET', '/{Bucket}?list-type=2', 200]);
  assert.equal(s3.operations['GetObject']?.http?.[1], '/{Bucket}/{Key+}?x-id=GetObject');
  const members = structureOf(lambda, 'InvocationRequest').members;
  assert.deepEqual(members['Payload'], { shape: 'blob', location: 'payload' });
  assert.deepEqual(structureOf(lambda, 'ResourceNotFoundException').error, {
    code: 'ResourceNotFoundException',
    status: 404,
  });
  assert.deepEqual(structureOf(iam, 'NoSuchEntityException').error, {
    code: 'NoSuchEntity',
    status: 404,
  });
});
