import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommandError } from './command.ts';
import { readStartOptions } from './options.ts';

describe('the options of orrery start', () => {
  it('have defaults', () => {
    const read = readStartOptions([]);
    assert.equal(read.app, undefined);
    assert.equal(read.regions, undefined);
    assert.deepEqual(read.ports, { dns: 4553, proxy: 4580, admin: 4567 });
    assert.equal(read.settings.port, 4566);
    assert.equal(read.settings.latency, 'real');
    assert.deepEqual(read.settings.accessKeys, { orrery: 'orrery' });
  });

  it('are read', () => {
    const read = readStartOptions(
      'app --regions us-east-1,eu-west-1 --latency 0.5 --time-scale 10 --port 0 --access-key a:b:c'.split(
        ' ',
      ),
    );
    assert.equal(read.app, 'app');
    assert.deepEqual(read.regions, ['us-east-1', 'eu-west-1']);
    assert.equal(read.settings.latency, 0.5);
    assert.equal(read.settings.timeScale, 10);
    assert.equal(read.settings.port, 0);
    assert.equal(read.settings.accessKeys['a'], 'b:c');
  });

  it('say how resolvers and clients treat TTLs', () => {
    const read = (list: string) => readStartOptions(['--resolver', list]).settings.resolver;
    const obedient = { serveStaleSeconds: 0, ttlIgnoring: 0, holdSeconds: 30, seed: 1 };
    assert.deepEqual(readStartOptions([]).settings.resolver, obedient);
    assert.deepEqual(read('obey'), obedient);
    assert.equal(read('serve-stale').serveStaleSeconds, 86_400);
    assert.equal(read('serve-stale=2d').serveStaleSeconds, 172_800);
    assert.deepEqual(read('serve-stale=90, ttl-ignoring=0.25,hold=5m,seed=7'), {
      serveStaleSeconds: 90,
      ttlIgnoring: 0.25,
      holdSeconds: 300,
      seed: 7,
    });
    assert.equal(read('hold=forever').holdSeconds, 'forever');
  });

  const refused: readonly [string, RegExp][] = [
    ['--regions mars-1', /no region "mars-1".*us-east-1/],
    ['--regions eu-east-9', /Did you mean one of eu-west-1/],
    ['--latency slow', /off, real or a factor/],
    ['--time-scale 0', /0.1 to 1000/],
    ['--port http', /whole number from 0 to 65535/],
    ['--auth none', /open or strict/],
    ['--durability maybe', /process or disk/],
    ['--isolation none', /process or thread/],
    ['--capacity some', /off or enforce/],
    ['--place atlantis', /no place "atlantis"/],
    ['--access-key x', /id:secret/],
    ['--resolver ttl-ignoring=2', /ttl-ignoring=<0 to 1>.*not "ttl-ignoring=2"/],
    ['--resolver ttl-ignoring', /not "ttl-ignoring"/],
    ['--resolver serve-stale=soon', /not "serve-stale=soon"/],
    ['--resolver hold=', /not "hold="/],
    ['--resolver seed=x,hold=5m', /not "seed=x"/],
    ['--resolver stale=1=2', /not "stale=1=2"/],
    ['one two', /One app at a time/],
    ['--colour', /Unknown option '--colour'/],
  ];
  for (const [line, words] of refused) {
    it(`refuses ${line}`, () => {
      assert.throws(
        () => readStartOptions(line.split(' ')),
        (error) => {
          assert.ok(error instanceof CommandError);
          assert.match(error.message.replaceAll('\n', ' '), words);
          assert.equal(error.exitCode, 2);
          return true;
        },
      );
    });
  }
});
