/** `--geoip` and `--latency-table`: files that are read, and words for those that will not do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { latencyModel } from '../regions/options.ts';
import { cityRecord, mmdbOf } from '../world/mmdb.fake.ts';
import { CommandError } from './command.ts';
import { readGeoDatabase } from './geo-files.ts';
import { readStartOptions } from './options.ts';

const folder = mkdtempSync(join(tmpdir(), 'orrery-geo-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const refuses = (run: () => unknown, words: RegExp) =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, words);
    return true;
  });

test('a database is opened', () => {
  const leeds = cityRecord('GB', 'Leeds', [53.8, -1.5]);
  const database = readGeoDatabase(file('a.mmdb', mmdbOf({ '192.0.2.0/24': leeds })));
  assert.equal(database.find('192.0.2.1').place?.displayName, 'Leeds');
});

test('a database that is none is refused with its path', () => {
  refuses(
    () => readGeoDatabase(join(folder, 'no.mmdb')),
    /--geoip: ".*no\.mmdb" cannot be read: there is no such file\./,
  );
  refuses(() => readGeoDatabase(folder), /that is a directory/);
  refuses(() => readGeoDatabase(file('b.mmdb', 'text')), /b\.mmdb" is no MaxMind DB/);
});

test('a latency table is read, and counts on the network with the factor', () => {
  const path = file('t.json', '{"tokyo": {"us-east-1": 40}, "us-east-1": {"eu-west-1": 10}}');
  const { settings } = readStartOptions(['--latency-table', path, '--latency', '0.5']);
  const ms = latencyModel(settings);
  assert.equal(ms('@tokyo', 'us-east-1'), 20);
  assert.equal(ms('eu-west-1', 'us-east-1'), 5);
  assert.equal(ms('@osaka', 'us-east-1'), latencyModel({ latency: 0.5 })('@osaka', 'us-east-1'));
  assert.equal(latencyModel({ ...settings, latency: 'off' })('@tokyo', 'us-east-1'), 0);
});

test('a latency table that will not do is refused with its path', () => {
  const start = (path: string) => () => readStartOptions(['--latency-table', path]);
  refuses(start(join(folder, 'no.json')), /--latency-table: .*there is no such file/);
  refuses(start(file('c.json', '{')), /c\.json": It is no JSON/);
  refuses(start(file('d.json', '{"tokio": {}}')), /Did you mean tokyo/);
});
