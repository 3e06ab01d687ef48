// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the CDK's notation
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { unzipSync } from 'fflate';
import { parseTemplate } from '../../services/cloudformation/template/parse.ts';
import { loadApp } from './load-app.ts';
import { zipDirectory } from './zip-directory.ts';

const scratch = mkdtempSync(join(tmpdir(), 'orrery-app-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let count = 0;
function directory(files: Readonly<Record<string, string>>): string {
  count += 1;
  const root = join(scratch, String(count));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const template = JSON.stringify({ Resources: { A: { Type: 'AWS::CDK::Metadata' } } });

/** An assembly as a CDK app writes it: one stack in a region of its own, one that leaves it open. */
const assembly = {
  'manifest.json': JSON.stringify({
    version: '55.0.0',
    artifacts: {
      'One.assets': { type: 'cdk:asset-manifest', properties: { file: 'One.assets.json' } },
      One: {
        type: 'aws:cloudformation:stack',
        environment: 'aws://unknown-account/unknown-region',
        dependencies: ['One.assets', 'Two'],
        properties: { templateFile: 'One.json', stackName: 'first', tags: { team: 'a' } },
      },
      Two: {
        type: 'aws:cloudformation:stack',
        environment: 'aws://000000000000/ap-northeast-1',
        properties: { templateFile: 'One.json' },
      },
      Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
    },
  }),
  'One.json': template,
  'One.assets.json': JSON.stringify({
    files: {
      t: {
        source: { path: 'One.json', packaging: 'file' },
        destinations: { d: { bucketName: 'b', objectKey: 't.json' } },
      },
      a: {
        source: { path: 'code', packaging: 'zip' },
        destinations: {
          d: { bucketName: 'b-${AWS::AccountId}-${AWS::Region}', objectKey: 'a.zip' },
        },
      },
    },
  }),
  'code/index.js': '1',
};

const writesAssembly = `
import { mkdirSync, writeFileSync } from 'node:fs';
const out: string = process.env.CDK_OUTDIR ?? '';
mkdirSync(out, { recursive: true });
const context = JSON.parse(process.env.CDK_CONTEXT_JSON ?? '{}');
const template = { Resources: { A: { Type: 'AWS::CDK::Metadata', Properties: {
  account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION, ...context,
} } } };
writeFileSync(out + '/s.json', JSON.stringify(template));
writeFileSync(out + '/manifest.json', JSON.stringify({ artifacts: { S: {
  type: 'aws:cloudformation:stack', environment: 'aws://1/unknown-region',
  properties: { templateFile: 's.json' } } } }));
`;

describe('loadApp', () => {
  it('reads a ready assembly: stacks, order, regions, assets', async () => {
    const root = directory(assembly);
    for (const path of [root, join(root, 'manifest.json')]) {
      const { stacks } = await loadApp(path, { defaultRegion: 'eu-west-1' });
      assert.deepEqual(
        stacks.map(({ name, region, dependsOn }) => [name, region, dependsOn]),
        [
          ['first', 'eu-west-1', ['Two']],
          ['Two', 'ap-northeast-1', []],
        ],
      );
      assert.deepEqual(stacks[0]?.tags, { team: 'a' });
      assert.deepEqual(stacks[0]?.assets, [
        {
          path: join(root, 'code'),
          packaging: 'zip',
          region: 'eu-west-1',
          bucket: 'b-000000000000-eu-west-1',
          key: 'a.zip',
        },
      ]);
    }
  });

  it('runs an app, by this Node or by the command of its cdk.json', async () => {
    const root = directory({
      'app.ts': writesAssembly,
      'cdk.json': '{"app": "node app.ts", "context": {"a": 1, "b": 1, "c": 1}}',
      'cdk.context.json': '{"b": 2, "c": 2}',
    });
    for (const path of [join(root, 'app.ts'), root]) {
      const { stacks, timings } = await loadApp(path, { context: { c: 3 } });
      const { resources } = await parseTemplate(stacks[0]?.templateBody ?? '');
      const { account, region, a, b, c } = resources['A']?.properties ?? {};
      assert.deepEqual([account, region, a, b, c], ['000000000000', 'us-east-1', 1, 2, 3]);
      assert(timings.synthesizeMs > 0);
      assert(existsSync(join(root, 'cdk.out', 'manifest.json')));
    }
  });

  it('reads one template, in JSON or YAML', async () => {
    const root = directory({
      'my stack.template.json': template,
      'b.yaml': 'Resources: {A: {Type: T}}',
    });
    const one = await loadApp(join(root, 'my stack.template.json'));
    assert.deepEqual([one.stacks[0]?.name, one.stacks[0]?.region], ['my-stack', 'us-east-1']);
    assert.equal((await loadApp(join(root, 'b.yaml'))).stacks[0]?.name, 'b');
  });

  it('says what is wrong, in the words of the app where it has some', async () => {
    const root = directory({
      'throws.ts': 'console.error("before"); throw new Error("no such stage: prod");',
      'nothing.ts': 'export {};',
      'missing.ts': "import './not-there';",
      'enum.ts': 'enum A { B }; console.log(A.B);',
      'hangs.ts': 'console.log("still here"); setInterval(() => {}, 1000);',
      'broken.json': '{"Resources": {}}',
      'empty/x': '',
      'noapp/cdk.json': '{}',
      'badjson/cdk.json': '{',
    });
    const fails = async (name: string, message: RegExp, timeLimitMs = 20_000): Promise<void> => {
      await assert.rejects(loadApp(join(root, name), { timeLimitMs }), (error: Error) => {
        assert.equal(error.name, 'AppError');
        assert.match(error.message, message);
        return true;
      });
    };
    await fails('throws.ts', /exit code 1[\s\S]*before[\s\S]*no such stage: prod/);
    await fails('nothing.ts', /wrote no stacks/);
    await fails('missing.ts', /not-there[\s\S]*imports need their `\.ts` endings/);
    await fails('enum.ts', /enums do not work/);
    await fails('hangs.ts', /did not end within 0\.5 s[\s\S]*still here/, 500);
    await fails('broken.json', /At least one Resources member must be defined/);
    await fails('empty', /neither a cdk\.json[\s\S]*nor a manifest\.json/);
    await fails('noapp', /has no "app" command/);
    await fails('badjson', /cdk\.json is not JSON/);
    await fails('gone.ts', /no such app/);
  });

  it('ends what a command line started, too, when time is over', async () => {
    const marker = join(scratch, 'late');
    const root = directory({
      'slow.mjs': `setTimeout(() => {}, 60_000); import('node:fs').then((fs) =>
        setTimeout(() => fs.writeFileSync(${JSON.stringify(marker)}, ''), 1500));`,
      'cdk.json': '{"app": "node slow.mjs && true"}',
    });
    await assert.rejects(loadApp(root, { timeLimitMs: 700 }), /did not end within/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert(!existsSync(marker), 'nothing goes on behind');
  });

  it('refuses container images by name', async () => {
    const root = directory({
      ...assembly,
      'One.assets.json': JSON.stringify({ files: {}, dockerImages: { x: {} } }),
    });
    await assert.rejects(loadApp(root), /container images \(1\)/);
  });

  it('loads the orders example: three regions after the global stack', async () => {
    const path = resolve(import.meta.dirname, '../../../../../examples/orders/app.ts');
    const { stacks } = await loadApp(path, { outDirectory: join(scratch, 'orders.out') });
    assert.deepEqual(
      stacks.map(({ name, region, dependsOn }) => [name, region, dependsOn.length]),
      [
        ['OrdersGlobal', 'us-east-1', 0],
        ['Orders-us-east-1', 'us-east-1', 1],
        ['Orders-eu-central-1', 'eu-central-1', 1],
        ['Orders-ap-northeast-1', 'ap-northeast-1', 1],
      ],
    );
    const [asset] = stacks[1]?.assets ?? [];
    assert.equal(asset?.bucket, 'cdk-hnb659fds-assets-000000000000-us-east-1');
    const files = unzipSync(await zipDirectory(asset.path));
    assert.deepEqual(Object.keys(files), ['index.js']);
    for (const { templateBody } of stacks) await parseTemplate(templateBody);
  });
});
