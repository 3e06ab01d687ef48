/** The same app again after an edit, and then gone: `orrery deploy` and `orrery destroy`. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, it } from 'node:test';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { DeployedStack } from '../src/admin/api.ts';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { PlaceClient } from './place-client.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');
let folder: string;
let cloud: CloudProcess;
let client: PlaceClient;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-deploy-'));
  cpSync(join(root, 'examples', 'orders'), folder, { recursive: true });
  rmSync(join(folder, 'cdk.out'), { recursive: true, force: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  // The bundler of the CDK wants to know the project's root.
  cpSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  // In threads, so that the whole app has run in them too.
  cloud = await startCloud({ args: [folder, '--latency', 'off', '--isolation', 'thread'] });
  client = new PlaceClient(cloud.status.proxy, 'frankfurt');
});

after(async () => {
  client?.close();
  await cloud?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: readonly string[]): Promise<readonly DeployedStack[]> {
  const { code, stdout, stderr } = await cloud.orrery(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as readonly DeployedStack[];
}

const actions = (stacks: readonly DeployedStack[]): string[] =>
  [...new Set(stacks.map((stack) => stack.action))].sort();

it('deploys an edit, nothing where nothing changed, and takes everything away', async () => {
  const order = { customer: 'ada', item: 'tea', quantity: 1 };
  const posted = await client.send('http://api.orders.test/orders', { body: order });
  assert.equal(posted.status, 201, posted.text);

  assert.deepEqual(actions(await run('deploy')), ['unchanged']);

  const handler = join(folder, 'handlers', 'health.ts');
  const text = readFileSync(handler, 'utf8');
  assert.ok(text.includes("status: 'ok'"));
  writeFileSync(handler, text.replace("status: 'ok'", "status: 'edited'"));
  assert.deepEqual(actions(await run('deploy')), ['unchanged', 'update']);
  const { text: answer } = await client.send('http://api.orders.test/health');
  assert.match(answer, /"status":"edited"/);

  writeFileSync(join(folder, 'app.ts'), 'throw new Error("half an edit");');
  const broken = await cloud.orrery('deploy');
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /half an edit/);
  assert.equal((await client.send('http://api.orders.test/health')).status, 200);

  assert.deepEqual(actions(await run('destroy')), ['delete']);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  for (const { id } of cloud.status.regions) {
    const dynamodb = new DynamoDBClient({
      region: id,
      endpoint: cloud.status.endpoint,
      credentials,
    });
    assert.deepEqual((await dynamodb.send(new ListTablesCommand({}))).TableNames, [], id);
  }
  const gone = await client.send('http://api.orders.test/health');
  assert.notEqual(gone.status, 200);
});
