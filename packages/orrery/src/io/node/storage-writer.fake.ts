/**
 * A process that writes until it is killed, for `storage.test.ts`: transaction n puts `a/n` and `b/n`
 * and moves `last` to n; what `flushed` has acknowledged is printed.
 */
import { writeSync } from 'node:fs';
import type { Durability } from './storage.ts';
import { createStorage } from './storage.ts';

const [directory = '', durability = 'process'] = process.argv.slice(2);
const store = await createStorage(directory, 'writer', durability as Durability).open('orders');
const key = (text: string): Uint8Array => Buffer.from(text);
let n = Number(store.get(key('last')) ?? '0');
for (;;) {
  n += 1;
  const value = `${n}:${'x'.repeat((n * 37) % 3_000)}`;
  store.transaction((transaction) => {
    transaction.put(key(`a/${n}`), value);
    transaction.put(key(`b/${n}`), value);
    transaction.put(key('last'), String(n));
  });
  await store.flushed();
  writeSync(1, `${n}\n`);
  if (n % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
}
