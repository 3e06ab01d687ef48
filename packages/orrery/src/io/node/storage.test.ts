import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { StorageError } from '../io.ts';
import { createStorage, type Durability } from './storage.ts';

const root = mkdtempSync(join(tmpdir(), 'orrery-storage-'));
after(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;
const freshDirectory = (): string => join(root, String(++directories));
const key = (text: string): Uint8Array => Buffer.from(text);
const fails = (message: RegExp) => (error: unknown) =>
  error instanceof StorageError && message.test(error.message);

const skip = !existsSync('/dev/full') || !existsSync('/proc/self/fd');

/** This process's descriptors of a file. */
function openAt(file: string): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === file;
      } catch {
        return false;
      }
    });
}

/** Makes descriptors mean another file: a new one has the least number that is free. */
function replace(descriptors: readonly number[], file: string): void {
  for (const fd of descriptors) {
    closeSync(fd);
    const others: number[] = [];
    for (let next = openSync(file, 'r+'); next !== fd; next = openSync(file, 'r+')) {
      others.push(next);
      assert.ok(next < fd, 'somebody else has opened a file');
    }
    for (const other of others) closeSync(other);
  }
}

describe('storage on disk', () => {
  it('grows its map by itself, in one transaction and over many', async () => {
    const storage = createStorage(freshDirectory(), 'test', 'process');
    const store = await storage.open('big');
    const value = 'y'.repeat(100_000);
    store.transaction((t) => {
      for (let i = 0; i < 300; i++) t.put(key(`one/${i}`), value);
    });
    for (let i = 0; i < 300; i++) store.transaction((t) => t.put(key(`many/${i}`), value));
    let count = 0;
    for (const entry of store.range({ start: key('a'), end: key('z') })) {
      assert.equal(entry.value.length, value.length);
      count += 1;
    }
    assert.equal(count, 600);
    await storage.close();
  });

  it('keeps names of any kind apart', async () => {
    const storage = createStorage(freshDirectory(), 'test', 'process');
    const names = ['a', 'a.b', 'a/b', '..', 'ü'];
    for (const name of names) {
      const store = await storage.open(name);
      store.transaction((t) => t.put(key('name'), name));
    }
    await storage.close();
    for (const name of names) {
      assert.equal((await storage.open(name)).get(key('name')), name);
    }
    await assert.rejects(storage.open('a'), fails(/open already/));
    await storage.close();
  });

  it('refuses an asynchronous transaction, and one that is over', async () => {
    const storage = createStorage(freshDirectory(), 'test', 'process');
    const store = await storage.open('orders');
    assert.throws(() =>
      store.transaction((t) => {
        t.put(key('a'), 'a');
        return Promise.resolve();
      }),
    );
    assert.equal(store.get(key('a')), undefined);
    const writer = store.transaction((t) => ({ t })).t;
    assert.throws(() => writer.put(key('a'), 'a'));
    await store.close();
    assert.throws(() => store.transaction((t) => t.put(key('a'), 'a')));
    await storage.close();
  });

  it('undoes a group that the disk does not take, and goes on once it does', { skip }, async () => {
    const directory = freshDirectory();
    const storage = createStorage(directory, 'test', 'process');
    const store = await storage.open('full');
    store.transaction((t) => t.put(key('a'), 'kept'));
    const undone: (string | undefined)[] = [];
    store.onUndone(() => undone.push(store.get(key('a'))));
    const file = join(directory, 'full', 'data.mdb');
    const descriptors = openAt(file);
    replace(descriptors, '/dev/full');
    store.grouped((t) => t.put(key('a'), 'lost'));
    const [first, second] = [store.flushed(), store.flushed()];
    assert.equal(store.get(key('a')), 'lost');
    for (const flushed of [first, second]) await assert.rejects(flushed, fails(/no space/i));
    assert.deepEqual(undone, ['kept']);
    store.grouped((t) => t.put(key('a'), 'lost'));
    // A range commits before it reads: who has written has not asked yet.
    assert.deepEqual([...store.range({ start: key('a'), end: key('b') })].length, 1);
    await assert.rejects(store.flushed(), fails(/no space/i));
    assert.equal(store.get(key('a')), 'kept');
    assert.throws(() => store.transaction((t) => t.put(key('b'), 'x')), fails(/no space/i));
    replace(descriptors, file);
    await new Promise((resolve) => setImmediate(resolve));
    store.grouped((t) => t.put(key('a'), 'new'));
    await store.flushed();
    await storage.close();
    assert.equal((await storage.open('full')).get(key('a')), 'new');
    await storage.close();
  });

  it('flushes a group with one sync where durability is disk', async () => {
    const storage = createStorage(freshDirectory(), 'test', 'disk');
    const store = await storage.open('orders');
    const flushes: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) {
      store.transaction((t) => t.put(key(`k${i}`), 'v'));
      flushes.push(store.flushed());
    }
    assert.equal(new Set(flushes).size, 2);
    await Promise.all(flushes);
    await storage.close();
  });
});

describe('a data directory that refuses', () => {
  it('is in use by a live process', async () => {
    const directory = freshDirectory();
    const storage = createStorage(directory, 'region/us-east-1', 'process');
    await storage.open('orders');
    await assert.rejects(
      createStorage(directory, 'other', 'process').open('orders'),
      fails(/in use by this very process.*choose another data directory/),
    );
    await storage.close();
    assert.equal(existsSync(join(directory, 'orrery.lock')), false);
    const child = spawn(process.execPath, [
      join(import.meta.dirname, 'storage-writer.fake.ts'),
      directory,
    ]);
    await once(child.stdout, 'data');
    child.stdout.resume();
    await assert.rejects(
      storage.open('orders'),
      fails(new RegExp(`in use by writer \\(pid ${child.pid}\\)`)),
    );
    child.kill('SIGKILL');
    await once(child, 'close');
    const store = await storage.open('orders');
    assert.ok(Number(store.get(key('last'))) > 0);
    await storage.close();
  });

  it('was left by a process whose pid another one has now', async () => {
    const directory = freshDirectory();
    mkdirSync(directory);
    const lock = join(directory, 'orrery.lock');
    for (const stale of [
      JSON.stringify({ pid: process.ppid, startedAt: '1', id: 'region/us-east-1' }),
      JSON.stringify({ pid: process.pid, startedAt: '1', id: 'region/us-east-1' }),
      '{"pid": 12',
      '',
    ]) {
      writeFileSync(lock, stale);
      const storage = createStorage(directory, 'test', 'process');
      await storage.open('orders');
      assert.equal((JSON.parse(readFileSync(lock, 'utf8')) as { pid: number }).pid, process.pid);
      await storage.close();
    }
  });

  it('is a file, or stands below one', async () => {
    const file = freshDirectory();
    writeFileSync(file, 'not a directory');
    for (const directory of [file, join(file, 'below')]) {
      await assert.rejects(
        createStorage(directory, 'test', 'process').open('orders'),
        fails(/cannot use the data directory.*A file stands where a directory is needed/),
      );
    }
  });

  it('may not be written', { skip: process.getuid?.() === 0 }, async () => {
    const directory = freshDirectory();
    mkdirSync(directory);
    chmodSync(directory, 0o500);
    await assert.rejects(
      createStorage(directory, 'test', 'process').open('orders'),
      fails(/may not write there/),
    );
  });

  it('is damaged, cut off, or of another version', async () => {
    const header = async (): Promise<{ directory: string; file: string; bytes: Buffer }> => {
      const directory = freshDirectory();
      const storage = createStorage(directory, 'test', 'process');
      (await storage.open('orders')).transaction((t) => t.put(key('a'), 'a'));
      await storage.close();
      const file = join(directory, 'orders', 'data.mdb');
      return { directory, file, bytes: readFileSync(file) };
    };
    const magic = Buffer.from([0xde, 0xc0, 0xef, 0xbe]);
    const damage: [RegExp, (bytes: Buffer) => Buffer][] = [
      [/is damaged.*delete that directory/, (bytes) => bytes.fill('garbage')],
      [/is damaged.*delete that directory/, (bytes) => bytes.subarray(0, 5_000)],
      [/is damaged.*delete that directory/, () => Buffer.alloc(0)],
      [
        /another version of the format/,
        (bytes) => {
          for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + 4)) {
            bytes.writeUInt32LE(77, at + 4);
          }
          return bytes;
        },
      ],
    ];
    for (const [message, spoil] of damage) {
      const { directory, file, bytes } = await header();
      writeFileSync(file, spoil(bytes));
      await assert.rejects(
        createStorage(directory, 'test', 'process').open('orders'),
        fails(message),
        String(message),
      );
    }
  });
});

describe('kill -9 of a writer', () => {
  const killAndCheck = async (durability: Durability, rounds: number): Promise<number> => {
    const directory = freshDirectory();
    let acknowledged = 0;
    for (let round = 0; round < rounds; round++) {
      const child = spawn(process.execPath, [
        join(import.meta.dirname, 'storage-writer.fake.ts'),
        directory,
        durability,
      ]);
      let printed = '';
      let complaints = '';
      child.stdout.on('data', (chunk) => {
        printed = (printed + chunk).slice(-100);
      });
      child.stderr.on('data', (chunk) => {
        complaints += chunk;
      });
      await once(child.stdout, 'data');
      // The instant is arbitrary on purpose: any of them must do.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      child.kill('SIGKILL');
      await once(child, 'close');
      assert.equal(complaints, '');
      acknowledged = Number(/(\d+)\n\d*$/.exec(printed)?.[1] ?? acknowledged);
      const storage = createStorage(directory, 'reader', 'process');
      const store = await storage.open('orders');
      const last = Number(store.get(key('last')));
      assert.ok(last >= acknowledged, `${last} on disk, ${acknowledged} acknowledged`);
      let seen = 0;
      for (const entry of store.range({ start: key('a/'), end: key('a0') })) {
        const n = Buffer.from(entry.key).toString().slice(2);
        assert.ok(entry.value.startsWith(`${n}:`));
        assert.equal(store.get(key(`b/${n}`)), entry.value);
        seen += 1;
      }
      assert.equal(seen, last);
      await storage.close();
    }
    return acknowledged;
  };

  it('loses no acknowledged transaction and tears none, durability process', async () => {
    assert.ok((await killAndCheck('process', 8)) > 100);
  });

  it('loses no acknowledged transaction and tears none, durability disk', async () => {
    assert.ok((await killAndCheck('disk', 3)) > 3);
  });
});
