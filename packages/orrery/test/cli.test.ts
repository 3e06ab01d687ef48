/** The commands as a user types them, against one cloud with the example, and its front doors. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { type CloudProcess, runOrrery, startCloud } from './cloud-process.ts';
import { eventually } from './eventually.ts';
import { PlaceClient } from './place-client.ts';

const app = resolve(import.meta.dirname, '..', '..', '..', 'examples', 'orders');
const host = 'api.orders.test';
let cloud: CloudProcess;

before(async () => {
  cloud = await startCloud({
    args: [app, '--auth', 'strict', '--access-key', 'AKIDEXAMPLE:s3cret'],
  });
});
after(() => cloud?.[Symbol.asyncDispose]());

const hasCurl = spawnSync('curl', ['--version']).status === 0;
const needsCurl = { skip: !hasCurl && 'curl is not installed' };

function curl(...args: readonly string[]): { stdout: string; stderr: string; code: number | null } {
  const run = spawnSync('curl', ['-sS', '-m', '10', ...args], { encoding: 'utf8' });
  return { stdout: run.stdout, stderr: run.stderr, code: run.status };
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await cloud.orrery(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

describe('commands', () => {
  it('status fits 120 columns, also with faults', async () => {
    const started = await cloud.orrery(
      'fault',
      'start',
      'partition',
      'us-east-1',
      'eu-central-1',
      '--duration',
      '1m',
    );
    assert.equal(started.code, 0, started.stderr);
    const { code, stdout } = await cloud.orrery('status');
    assert.equal(code, 0);
    assert.match(stdout, /us-east-1 +running/);
    assert.match(stdout, /partition us-east-1 eu-central-1, until \d\d:\d\d:\d\d/);
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 120),
      [],
    );
    const list = await cloud.orrery('fault', 'list');
    assert.match(list.stdout, /partition +us-east-1 eu-central-1/);
    assert.match((await cloud.orrery('fault', 'stop', '--all')).stdout, /1 stopped/);
    assert.deepEqual(await json('fault', 'list'), []);
  });

  it('dig answers the nearest region, and explains why', async () => {
    const tokyo = await cloud.orrery('dig', '--from', 'tokyo', '--explain', host);
    assert.equal(tokyo.code, 0, tokyo.stderr);
    assert.match(tokyo.stdout, /ap-northeast-1, \d+ ms away/);
    assert.match(tokyo.stdout, /\* ap-northeast-1.*healthy[\s\S]*- us-east-1/);
    const { answers } = await json<{ answers: { region: string }[] }>(
      'dig',
      '--from',
      'frankfurt',
      host,
    );
    assert.equal(answers[0]?.region, 'eu-central-1');
    const unknown = await cloud.orrery('dig', '--from', 'tokyo', `nope.${host}`);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stdout, /NXDOMAIN[\s\S]*SOA/);
  });

  it('curl writes in one place and reads in another', async () => {
    const body = '{"id":"o-1","customer":"ada","item":"astrolabe"}';
    const posted = await cloud.orrery(
      'curl',
      '--from',
      'tokyo',
      '-d',
      body,
      `http://${host}/orders`,
    );
    assert.equal(posted.code, 0, posted.stderr);
    assert.match(posted.stderr, /^201 from ap-northeast-1 in .*server;dur=/);
    const read = await json<{ statusCode: number; region: string }>(
      'curl',
      '--from',
      'tokyo',
      `https://${host}/orders/o-1`,
    );
    assert.deepEqual([read.statusCode, read.region], [200, 'ap-northeast-1']);
  });

  it('refuse wrong arguments with 2 and in one line', async () => {
    const wrong: readonly (readonly [RegExp, ...string[]])[] = [
      [/no place "atlantis"/, 'dig', '--from', 'atlantis', host],
      [/no DNS record type/, 'dig', '--from', 'tokyo', host, 'WRONG'],
      [/Say where/, 'curl', `http://${host}/`],
      [/is no URL/, 'curl', '--from', 'tokyo', 'ftp://files.test/'],
      [/Which URL/, 'curl', '--from', 'tokyo'],
      [/no place "tokio"\. Did you mean tokyo/, 'curl', '--from', 'tokio:anna', `http://${host}/`],
      [
        /--ms takes a number/,
        'fault',
        'start',
        'latency',
        'us-east-1',
        'eu-central-1',
        '--ms',
        'x',
      ],
      [/--since takes/, 'logs', '--since', 'yesterday'],
      [/with --yes/, 'reset'],
    ];
    for (const [words, ...args] of wrong) {
      const { code, stderr } = await cloud.orrery(...args);
      assert.match(stderr, words);
      assert.equal(code, 2, args.join(' '));
      assert.ok(stderr.trim().split('\n').length <= 2, stderr);
    }
    const garbage = await runOrrery(['status', '--admin', 'garbage']);
    assert.equal(garbage.code, 2);
    assert.match(garbage.stderr, /--admin takes a URL/);
  });

  it('logs gather every region, and --region only one', async (context) => {
    for (const place of ['tokyo', 'new-york']) {
      const client = new PlaceClient(cloud.status.proxy, place);
      context.after(() => client.close());
      assert.equal((await client.send(`http://${host}/health`)).status, 200);
    }
    // A function's lines come after its answer.
    await eventually(async () => {
      const all = await cloud.orrery('logs', '--limit', '1000');
      assert.match(all.stdout, /ap-northeast-1 .*REPORT RequestId/);
      assert.match(all.stdout, /us-east-1 .*REPORT RequestId/);
    });
    const { items } = await json<{ items: { region: string }[] }>('logs', '--region', 'us-east-1');
    assert.ok(items.length > 0 && items.every((item) => item.region === 'us-east-1'));
  });

  it('logs --follow prints every line, however small its --limit', async (context) => {
    const main = resolve(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
    const wanted = ['logs', '--follow', '--limit', '1', '--admin', cloud.status.admin];
    const child = spawn(process.execPath, [main, ...wanted], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    context.after(() => child.kill());
    let text = '';
    child.stdout.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    await eventually(() => assert.notEqual(text, ''));
    const client = new PlaceClient(cloud.status.proxy, 'new-york');
    context.after(() => client.close());
    const count = (): number => text.match(/us-east-1 .* REPORT RequestId/g)?.length ?? 0;
    const known = count();
    const sent = Array.from({ length: 12 }, () => client.send(`http://${host}/health`));
    const answers = await Promise.all(sent);
    assert.ok(answers.every(({ status }) => status === 200));
    await eventually(() => assert.ok(count() >= known + 12, `only ${count() - known} lines`));
  });

  it('conflicts and places answer', async () => {
    assert.match((await cloud.orrery('conflicts')).stdout, /No conflict/);
    assert.match((await runOrrery(['places', 'japan'])).stdout, /tokyo[\s\S]*osaka/);
    assert.equal((await runOrrery(['places', 'atlantis'])).code, 1);
  });
});

describe('the client proxy', needsCurl, () => {
  const proxy = (place: string): string => cloud.status.proxy.replace('//', `//${place}@`);

  it('takes CONNECT, with certificates of its own authority', async () => {
    const ca = join(cloud.dataDir, 'ca.pem');
    const served = await fetch(new URL('/ca.pem', cloud.status.proxy));
    assert.equal(await served.text(), readFileSync(ca, 'utf8'));
    const { code, stdout, stderr } = curl(
      '-x',
      proxy('frankfurt'),
      '--cacert',
      ca,
      `https://${host}/health`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /eu-central-1/);
  });

  it('answers an unknown place with the places there are', () => {
    const { stdout } = curl('-x', proxy('atlantis'), `http://${host}/health`);
    assert.match(stdout, /No place is called atlantis[\s\S]*tokyo/);
  });
});

describe('the global endpoint', () => {
  it('says what it is and where the regions are', async () => {
    const response = await fetch(cloud.status.endpoint);
    assert.equal(response.status, 200);
    const { regions } = (await response.json()) as { regions: Record<string, string> };
    const expected = cloud.status.regions.map(({ id, endpoint }) => [id, endpoint]);
    assert.deepEqual(regions, Object.fromEntries(expected));
    for (const { id, endpoint } of cloud.status.regions) {
      const about = (await (await fetch(endpoint)).json()) as { orrery: string };
      assert.match(about.orrery, new RegExp(`its region ${id}`));
    }
  });

  it('forwards host names that Route 53 knows, and no others', needsCurl, () => {
    const { endpoint } = cloud.status;
    assert.match(curl('-H', `Host: ${host}`, `${endpoint}/health`).stdout, /"region":"us-east-1"/);
    assert.match(curl('-H', 'Host: nobody.test', `${endpoint}/health`).stdout, /Not Found/);
  });

  it('verifies signatures where it is strict', async () => {
    const listTables = (secretAccessKey: string, region = 'us-east-1'): Promise<unknown> => {
      const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey };
      const client = new DynamoDBClient({ region, endpoint: cloud.status.endpoint, credentials });
      return client.send(new ListTablesCommand({}));
    };
    await listTables('s3cret');
    await assert.rejects(listTables('wrong'), { name: 'InvalidSignatureException' });
    await assert.rejects(listTables('s3cret', 'eu-west-1'), /eu-west-1.*us-east-1, eu-central-1/);
  });
});

describe('the admin interface', needsCurl, () => {
  it('shows its page to this machine and refuses foreign pages', () => {
    const { admin } = cloud.status;
    assert.match(curl(admin).stdout, /<title>Orrery/);
    for (const header of ['Host: evil.test', 'Origin: http://evil.test']) {
      const { stdout } = curl('-H', header, '-w', '%{http_code}', `${admin}/api/status`);
      assert.match(stdout, /Only pages and programs of this machine[\s\S]*403$/);
    }
  });
});

describe('reset', () => {
  it('deletes what was stored and deploys the app afresh', async () => {
    const order = ['curl', '--from', 'new-york', `http://${host}/orders/o-1`];
    assert.equal((await json<{ statusCode: number }>(...order)).statusCode, 200);
    assert.deepEqual(await json('reset', '--yes'), { reset: true });
    assert.equal((await json<{ statusCode: number }>(...order)).statusCode, 404);
  });
});
