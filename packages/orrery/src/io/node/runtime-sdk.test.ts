import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { findSdk, linkSdk } from './runtime-sdk.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-sdk-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script as a function's code would be: from a directory below the code directory. */
function runs(name: string, text: string): boolean {
  const directory = join(folder, 'code', 'digest');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), text);
  try {
    execFileSync(process.execPath, [join(directory, name)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it('lets code import and require the SDK, and nothing else', () => {
  const modules = findSdk([import.meta.dirname]);
  assert.ok(modules !== undefined, 'this repository has the SDK');
  const esm = `import { DynamoDBClient } from '@aws-sdk/client-dynamodb'; new DynamoDBClient({});`;
  const cjs = `const { DynamoDBClient } = require('@aws-sdk/client-dynamodb'); new DynamoDBClient({});`;
  assert.ok(!runs('before.mjs', esm), 'it is not there by itself');
  linkSdk(join(folder, 'code'), modules);
  assert.ok(runs('index.mjs', esm));
  assert.ok(runs('index.cjs', cjs));
  assert.ok(!runs('forgotten.mjs', `import 'fast-check';`), 'a forgotten package fails as on AWS');
});

it('finds none where there is none', () => {
  assert.equal(findSdk([folder]), undefined);
});
