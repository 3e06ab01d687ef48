/**
 * Every fenced example in every README runs, against one real cloud with the example app. A line
 * `#> text` in a shell block is output that must come. A block that needs a program which this
 * machine lacks is skipped, and says so.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CloudProcess, startCloud } from './cloud-process.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');
const main = join(root, 'packages', 'orrery', 'src', 'cli');
const programs = ['aws', 'curl', 'dig', 'jq', 'python3'];

interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly info: string;
  readonly text: string;
}

function documents(): string[] {
  const { stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = stdout.split('\n').filter((name) => name !== '' && !name.startsWith('docs/'));
  assert.ok(files.includes('README.md'), 'the documents are found by git');
  return files;
}

function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^```(\w+)?\s*(.*)$/.exec(lines[at] ?? '');
    if (fence === null) continue;
    const end = lines.indexOf('```', at + 1);
    assert.ok(end > at, `${file}:${at + 1}: the block does not end`);
    blocks.push({
      file,
      line: at + 1,
      language: fence[1] ?? '',
      info: fence[2] ?? '',
      text: lines.slice(at + 1, end).join('\n'),
    });
    at = end;
  }
  return blocks;
}

const runnable = new Set(['sh', 'bash', 'ts', 'js']);
const blocks = documents()
  .flatMap(blocksOf)
  .filter((block) => runnable.has(block.language));

/** `start` blocks start the cloud: the one that all other blocks run against. */
const examples = blocks.filter((block) => block.info !== 'start');

let cloud: CloudProcess;
let folder: string;

before(async () => {
  assert.equal(blocks.filter((block) => block.info === 'start').length, 1);
  cloud = await startCloud({ args: [join(root, 'examples', 'orders'), '--latency', '0.2'] });
  folder = mkdtempSync(join(tmpdir(), 'orrery-readme-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

after(async () => {
  await cloud?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The documents say the default ports and `npm run`; here are the ports of this run. */
function adapt(text: string): string {
  const { status } = cloud;
  const ports: readonly [RegExp, string][] = [
    [/\b4566\b/g, new URL(status.endpoint).port],
    [/\b4553\b/g, status.dns.split(':')[1] ?? ''],
    [/\b4580\b/g, new URL(status.proxy).port],
    [/\b4567\b/g, new URL(status.admin).port],
    [/npm run (-s )?orrery --/g, `"${process.execPath}" "${join(main, 'main.ts')}"`],
    [/npm run (-s )?sim --/g, `"${process.execPath}" "${join(main, 'sim.ts')}"`],
  ];
  return ports.reduce((result, [pattern, by]) => result.replace(pattern, by), text);
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    ORRERY_ADMIN: cloud.status.admin,
    AWS_ENDPOINT_URL: cloud.status.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

function run(block: Block): { code: number | null; output: string } {
  const text = adapt(block.text);
  const isShell = block.language === 'sh' || block.language === 'bash';
  const name = isShell ? 'example.sh' : `example.${block.language === 'ts' ? 'mts' : 'mjs'}`;
  writeFileSync(join(folder, name), text);
  const [program, args] = isShell ? ['bash', ['-eu', name]] : [process.execPath, [name]];
  const result = spawnSync(program, args, {
    cwd: folder,
    env: environment(),
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: result.status, output: `${result.stdout}\n${result.stderr}` };
}

function missingProgram(block: Block): string | undefined {
  if (block.language !== 'sh' && block.language !== 'bash') return undefined;
  if (block.text.includes('command -v')) return undefined;
  return programs
    .filter((program) => new RegExp(`(^|[|;&(]\\s*)${program}\\s`, 'm').test(block.text))
    .find((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
}

const byFile = Map.groupBy(examples, (block) => block.file);

for (const [file, list] of byFile) {
  describe(relative('.', file), () => {
    for (const block of list) {
      const missing = missingProgram(block);
      const skip = missing === undefined ? false : `${missing} is not on this machine`;
      it(`line ${block.line}`, { skip }, () => {
        const { code, output } = run(block);
        assert.equal(code, 0, `${block.file}:${block.line} failed:\n${block.text}\n\n${output}`);
        let from = 0;
        for (const [, wanted = ''] of block.text.matchAll(/^\s*(?:#|\/\/)> (.*)$/gm)) {
          const at = output.indexOf(adapt(wanted), from);
          assert.ok(at >= 0, `${file}:${block.line}: no "${wanted}" in\n${output}`);
          from = at;
        }
      });
    }
  });
}
