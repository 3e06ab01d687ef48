/** Starts that fail in words, stops that leave nothing behind, and data that stays. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type CommandResult, runOrrery, startCloud } from './cloud-process.ts';
import { eventually } from './eventually.ts';

const app = resolve(import.meta.dirname, '..', '..', '..', 'examples', 'orders');
const oneRegion = ['--regions', 'us-east-1'];
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-lifecycle-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Processes whose command line names a text: all of a cloud's name its data directory. */
function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        const [line, environment] = ['cmdline', 'environ'].map((file) =>
          readFileSync(`/proc/${name}/${file}`, 'latin1'),
        );
        return line?.includes(text) || environment?.includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** A start that is expected to fail: free ports, a time limit. */
function start(dataDir: string, ...args: readonly string[]): Promise<CommandResult> {
  const ports = ['port', 'dns-port', 'proxy-port', 'admin-port']
    .filter((name) => !args.some((arg) => arg.startsWith(`--${name}`)))
    .map((name) => `--${name}=0`);
  return runOrrery(['start', ...args, ...ports, '--data-dir', dataDir]);
}

async function fails(
  words: RegExp,
  exitCode: number,
  dataDir: string,
  ...args: readonly string[]
): Promise<void> {
  const { code, stderr } = await start(dataDir, ...args);
  assert.match(stderr, words);
  assert.doesNotMatch(stderr, /at .*\.ts:\d+/, 'no stack of ours');
  assert.equal(code, exitCode);
  assert.deepEqual(processesNaming(dataDir), [], 'nothing is left running');
}

const newDir = (name: string): string => join(folder, name);

describe('a start that is interrupted', () => {
  for (const line of [/^Starting/m, /started the regions/, /synthesized the app/]) {
    it(`after "${line.source}" leaves nothing, and ends soon`, async () => {
      const dataDir = newDir(`interrupted-${line.source.replace(/\W/g, '')}`);
      const main = resolve(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
      const ports = ['port', 'dns-port', 'proxy-port', 'admin-port'].map((name) => `--${name}=0`);
      const args = [main, 'start', app, ...ports, '--data-dir', dataDir];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (piece: Buffer) => {
          text += piece.toString();
        });
      }
      await eventually(() => assert.match(text, line), { timeoutMs: 30_000 });
      const exited = once(child, 'exit');
      const startMs = performance.now();
      child.kill('SIGINT');
      assert.deepEqual(await exited, [130, null], text);
      assert.ok(performance.now() - startMs < 10_000, 'it does not deploy to the end first');
      assert.match(text, /Stopping/);
      await eventually(() => assert.deepEqual(processesNaming(dataDir), []));
    });
  }
});

describe('a start that cannot be', () => {
  it('says that a region is unknown, and which there are', () =>
    fails(/no region "eu-east-9".*eu-west-1/, 2, newDir('a'), '--regions', 'eu-east-9'));

  it('says that there is no such app', () =>
    fails(/no such app: .*nowhere/, 1, newDir('b'), 'nowhere'));

  it('shows what a broken app said, and whose error it is', async () => {
    const broken: readonly [string, RegExp][] = [
      ['throw new Error("boom");', /the app failed[\s\S]*Error: boom/],
      ['const = 1;', /the app failed[\s\S]*SyntaxError/],
      ['console.log("nothing");', /wrote no stacks/],
    ];
    for (const [text, words] of broken) {
      const path = join(folder, 'app.mjs');
      writeFileSync(path, text);
      await fails(words, 1, newDir('c'), path);
    }
  });

  it('names the resource that failed, and why', async () => {
    const template = join(folder, 'template.json');
    writeFileSync(template, '{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue"}}}');
    await fails(/Jobs \(AWS::SQS::Queue\): .*not built/, 1, newDir('d'), template);
  });

  it('says which port is taken, by whom perhaps, and how to choose another', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => blocker.once('listening', listening));
    const address = blocker.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    for (const name of ['port', 'dns-port', 'proxy-port', 'admin-port']) {
      const words = new RegExp(`port ${port} on 127.0.0.1 is taken.*--${name}`);
      await fails(words, 1, newDir('e'), ...oneRegion, `--${name}=${port}`);
    }
    await new Promise((closed) => blocker.close(closed));
  });

  it("refuses a directory that holds somebody else's files", async () => {
    const dataDir = newDir('f');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'thesis.doc'), '');
    await fails(/not Orrery's \(thesis\.doc/, 1, dataDir);
    assert.ok(existsSync(join(dataDir, 'thesis.doc')));
  });

  const isRoot = process.getuid?.() === 0;
  it('says that a directory cannot be written', { skip: isRoot && 'root may write' }, async () => {
    const dataDir = newDir('g');
    mkdirSync(dataDir, { mode: 0o500 });
    await fails(/cannot be used/, 1, dataDir);
    chmodSync(dataDir, 0o700);
  });

  it('refuses a directory that a running cloud uses, and leaves that one alone', async () => {
    await using cloud = await startCloud({ args: oneRegion });
    const { code, stderr } = await start(cloud.dataDir, ...oneRegion);
    assert.equal(code, 1);
    assert.match(stderr, /in use by a running Orrery/);
    assert.equal((await cloud.orrery('status')).code, 0);
  });

  it('says which store is damaged, and runs the other regions', async () => {
    const first = await startCloud({ args: [app] });
    await first.stop();
    const file = join(first.dataDir, 'eu-central-1', 'dynamodb', 'data.mdb');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 0, 8192));
    await using second = await startCloud({ args: [app], dataDir: first.dataDir });
    assert.match(second.stderr(), /eu-central-1 did not start.*dynamodb/s);
    assert.deepEqual(second.status.regions.map(({ id, state }) => [id, state]).sort(), [
      ['ap-northeast-1', 'running'],
      ['eu-central-1', 'down'],
      ['us-east-1', 'running'],
    ]);
    assert.deepEqual(
      second.status.faults.map((fault) => fault.cause),
      ['data-unusable'],
    );
  });

  it('ends where no region is left', async () => {
    const first = await startCloud({ args: oneRegion });
    await first.stop();
    const file = join(first.dataDir, 'us-east-1', 'dynamodb', 'data.mdb');
    writeFileSync(file, readFileSync(file).fill(0x5a, 0, 8192));
    await fails(/us-east-1.*dynamodb/s, 1, first.dataDir, ...oneRegion);
    rmSync(first.dataDir, { recursive: true, force: true });
  });
});

describe('a cloud that ends', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`leaves no process behind after ${signal}`, async () => {
      await using cloud = await startCloud({ args: [app] });
      assert.ok(processesNaming(cloud.dataDir).length >= 4);
      assert.equal(await cloud.stop(signal), 0);
      assert.deepEqual(processesNaming(cloud.dataDir), []);
    });
  }

  it('leaves none either when it is killed', async () => {
    await using cloud = await startCloud({ args: [app] });
    await cloud.stop('SIGKILL');
    await eventually(() => assert.deepEqual(processesNaming(cloud.dataDir), []));
  });

  it('keeps its data, and deploys nothing twice', async () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = (endpoint: string): DynamoDBClient =>
      new DynamoDBClient({ region: 'eu-central-1', endpoint, credentials });
    const first = await startCloud({ args: [app] });
    const home = client(first.status.endpoint);
    await home.send(
      new CreateTableCommand({
        TableName: 'mine',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    const Item = { id: { S: 'kept' } };
    await home.send(new PutItemCommand({ TableName: 'mine', Item }));
    await first.stop('SIGKILL');
    await eventually(() => assert.deepEqual(processesNaming(first.dataDir), []));

    await using second = await startCloud({ args: [app], dataDir: first.dataDir });
    const found = await client(second.status.endpoint).send(
      new GetItemCommand({ TableName: 'mine', Key: Item }),
    );
    assert.deepEqual(found.Item, Item);
    assert.deepEqual(second.status.hostNames, first.status.hostNames);
    assert.deepEqual(
      second.status.healthChecks.map((check) => check.id).sort(),
      first.status.healthChecks.map((check) => check.id).sort(),
    );
  });
});

describe('commands', () => {
  it('end with 2 for wrong use and 3 where no cloud runs', async () => {
    const code = async (...args: string[]): Promise<number | null> => (await runOrrery(args)).code;
    assert.equal(await code('dance'), 2);
    assert.equal(await code('status', '--colour'), 2);
    assert.equal(await code('status', '--admin', 'http://127.0.0.1:1'), 3);
    assert.equal(await code('--version'), 0);
  });

  it('explain themselves, with examples', async () => {
    const { stdout } = await runOrrery(['--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map((match) => match[1] ?? '');
    assert.ok(names.length >= 9, stdout);
    for (const name of names) {
      const help = await runOrrery([name, '--help']);
      assert.equal(help.code, 0);
      assert.match(help.stdout, new RegExp(`Usage: orrery ${name}[\\s\\S]*Examples:`));
    }
  });

  it('print no colour into a pipe', () => {
    const main = resolve(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
    const { stdout } = spawnSync(process.execPath, [main, '--help'], { encoding: 'latin1' });
    assert.ok(!stdout.includes('\u001b['));
  });
});
