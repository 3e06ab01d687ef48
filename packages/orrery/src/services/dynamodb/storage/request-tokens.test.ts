import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo, memoryStore } from '../memory-io.fake.ts';
import { openRequestTokens } from './request-tokens.ts';

const minuteMs = 60_000;

test('a token is known for ten minutes, then forgotten and swept away', () => {
  const content = new Map<string, string>();
  const { io, advance } = memoryIo('us-east-1', content);
  const store = memoryStore(content);
  const tokens = openRequestTokens(store, io.clock, io.timers);
  const remember = (token: string, digest: string): void =>
    store.transaction((transaction) => tokens.remember(transaction, token, digest));
  remember('a', 'one');
  advance(9 * minuteMs);
  remember('b', 'two');
  assert.equal(tokens.find(store, 'a'), 'one');
  advance(minuteMs);
  assert.equal(tokens.find(store, 'a'), undefined);
  remember('a', 'three');
  advance(5 * minuteMs);
  assert.equal(tokens.find(store, 'a'), 'three', 'used again, it is not swept with its first use');
  assert.equal(tokens.find(store, 'b'), 'two');
  advance(20 * minuteMs);
  assert.equal(content.size, 0);
});

test('a restart knows them, and sweeps them', () => {
  const content = new Map<string, string>();
  const { io, advance } = memoryIo('us-east-1', content);
  const store = memoryStore(content);
  const first = openRequestTokens(store, io.clock, io.timers);
  for (let i = 0; i < 1_200; i += 1) {
    store.transaction((transaction) => first.remember(transaction, `token-${i}`, 'd'));
  }
  first.stop();
  const second = openRequestTokens(memoryStore(content), io.clock, io.timers);
  second.resume();
  assert.equal(second.find(store, 'token-7'), 'd');
  advance(12 * minuteMs);
  assert.equal(content.size, 0);
});

test('no more than so many are kept', () => {
  const content = new Map<string, string>();
  const { io } = memoryIo('us-east-1', content);
  const store = memoryStore(content);
  const tokens = openRequestTokens(store, io.clock, io.timers, 3);
  for (const token of ['a', 'b', 'c', 'd', 'e']) {
    store.transaction((transaction) => tokens.remember(transaction, token, 'x'));
  }
  const known = ['a', 'b', 'c', 'd', 'e'].filter((token) => tokens.find(store, token) === 'x');
  assert.deepEqual(known, ['c', 'd', 'e']);
  assert.equal(content.size, 6);
});
