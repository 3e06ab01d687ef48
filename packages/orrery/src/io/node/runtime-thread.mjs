/**
 * Entry of an execution environment that is a thread: events and results over memory that it shares with
 * its region (`threads.ts` has the other end, `thread-memory.ts` the layout).
 *
 * Between two invocations the thread sleeps in `Atomics.wait`: as on AWS, what a function left
 * behind is frozen until the next one. Its event loop turns every few invocations at least.
 *
 * Invariants:
 *  1. What is said carries the number of results before it, so that both are taken in order.
 *  2. What is said and not yet taken is bounded: the thread waits then.
 *  3. An event is claimed before it is looked at; from then on it cannot be withdrawn.
 */
import { getHeapStatistics } from 'node:v8';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { run } from './runtime-core.mjs';

const { memory, layout, bell, number, port, speech, cacheDirectory } = workerData;
const words = new Int32Array(memory, 0, layout.WORDS);
const bytes = Buffer.from(memory);
const bellWords = new Int32Array(bell);

/** Wakes the region, unless somebody has and it has not looked yet. */
function ring() {
  Atomics.or(bellWords, 1 + (number >> 5), 1 << (number & 31));
  if (Atomics.exchange(bellWords, 0, 1) === 0) Atomics.notify(bellWords, 0);
}

// A thread has no directory of its own. What asks for it is told; relative paths of `fs` go elsewhere.
process.cwd = () => process.env.LAMBDA_TASK_ROOT;

// What is said: output, and the calls that belong to no event.

/** Characters that may be said ahead of what the region has taken. */
const AHEAD_MAX = 1_048_576;
const PIECE_MAX = 65_536;
let results = 0;

function say(kind, text) {
  for (;;) {
    const taken = Atomics.load(words, layout.TAKEN);
    if (((words[layout.SAID] - taken) | 0) < AHEAD_MAX) break;
    Atomics.wait(words, layout.TAKEN, taken, 100);
  }
  speech.postMessage([kind, text, results]);
  Atomics.add(words, layout.SAID, text.length);
  ring();
}

for (const name of ['stdout', 'stderr']) {
  // The stream stays Node's own; its way to the parent goes through an event loop that may be asleep.
  process[name]._writev = (chunks, done) => {
    for (const { chunk, encoding } of chunks) {
      const isText = typeof chunk === 'string' && /^utf-?8$/.test(encoding);
      const text = isText ? chunk : Buffer.from(chunk, encoding).toString();
      for (let at = 0; at < text.length; at += PIECE_MAX) say(name, text.slice(at, at + PIECE_MAX));
    }
    done();
  };
}

// Turns of the event loop.

/** How many invocations may pass, and for how long, without one. */
const TURN_EVERY = 16;
const TURN_MS = 1;
let untilTurn = TURN_EVERY;
let turnedMs = performance.now();

// A loop that has ended once would not end again, as callbacks want, if it were not begun again.
process.on('beforeExit', () => {
  untilTurn = 1;
});

async function turn() {
  untilTurn = TURN_EVERY;
  await new Promise(setImmediate);
  turnedMs = performance.now();
}

// Events and results.

/** Number of the slot in hand, and when its event was claimed. */
let slot = 0;
let claimedMs = 0;

const wordOf = (name) => layout[name] + slot * layout.SLOT_WORDS;

function advance() {
  slot = (slot + 1) % layout.SLOTS;
}

/** Sleeps until there is an event, and claims it. */
function claim() {
  for (;;) {
    const word = wordOf('STATE');
    const { EMPTY, POSTED, CLAIMED, WITHDRAWN } = layout;
    const state = Atomics.compareExchange(words, word, POSTED, CLAIMED);
    if (state === POSTED) return;
    if (state === WITHDRAWN) {
      if (words[wordOf('EVENT_BYTES')] === -1) receiveMessageOnPort(port);
      Atomics.store(words, word, EMPTY);
      advance();
      ring();
    } else Atomics.wait(words, word, state);
  }
}

async function receive() {
  untilTurn -= 1;
  if (untilTurn === 0 || performance.now() - turnedMs > TURN_MS) await turn();
  claim();
  const length = words[wordOf('EVENT_BYTES')];
  const at = layout.EVENTS_AT + slot * layout.SLOT_BYTES;
  const text =
    length === -1
      ? Buffer.from(receiveMessageOnPort(port).message).utf8Slice()
      : bytes.utf8Slice(at, at + length);
  const bodyAt = text.indexOf('\n');
  const head = text.slice(0, bodyAt).split('\t');
  claimedMs = performance.now();
  return {
    requestId: head[0],
    deadlineMs: Number(head[1]),
    functionArn: head[2],
    traceId: head[3] || undefined,
    clientContext: head[4],
    body: text.slice(bodyAt + 1),
  };
}

function finish(text, isError) {
  words[wordOf('TOOK_US')] = Math.round((performance.now() - claimedMs) * 1000);
  const max = layout.SLOT_BYTES;
  // UTF-8 has at most three bytes per unit of UTF-16.
  if (text.length * 3 <= max || Buffer.byteLength(text) <= max) {
    words[wordOf('RESULT_BYTES')] = bytes.utf8Write(text, layout.RESULTS_AT + slot * max);
  } else {
    port.postMessage(Buffer.from(text));
    words[wordOf('RESULT_BYTES')] = -1;
  }
  words[wordOf('IS_ERROR')] = isError;
  results += 1;
  Atomics.store(words, wordOf('STATE'), layout.DONE);
  advance();
  ring();
}

function textOf(shape) {
  return `${shape.errorType.replace(/[^\x20-\x7e]/g, '')}\n${JSON.stringify(shape)}`;
}

const line = {
  next() {
    const { total_heap_size, external_memory } = getHeapStatistics();
    say('next', String(total_heap_size + external_memory));
    return receive();
  },
  respond(_requestId, text) {
    finish(text, 0);
    return receive();
  },
  fail(_requestId, shape) {
    finish(textOf(shape), 1);
    return receive();
  },
  async giveUp(requestId, shape) {
    if (requestId === undefined) say('init-error', textOf(shape));
    else finish(textOf(shape), 1);
  },
  hold() {},
  release() {},
};

run(line, cacheDirectory);
