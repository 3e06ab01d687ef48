/**
 * Execution environments as threads of their region: less than half of a process's cost per
 * invocation, a fifth of its memory, and little of its isolation. Owns starting, talking to and
 * ending one; refuses to own what the calls mean (`LaunchSpec.serve`).
 *
 * Invariants:
 *  1. `onExit` is called once per launch, after the last output and the last result.
 *  2. What the thread printed before a result is handed over before the result is, and what it printed
 *     after it, after it.
 *  3. As many `next` wait as there are slots for what they will be answered with.
 */
import { join } from 'node:path';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { ChildProcess, HttpRequest, HttpResponse, LaunchSpec, ProcessExit } from '../io.ts';
import { type Doorbell, layout, memoryBytes } from './thread-memory.ts';

const entry = join(import.meta.dirname, 'runtime-thread.mjs');
/** What AWS leaves of a function's memory to the heap of Node. */
const HEAP_SHARE = 0.9;
const api = '/2018-06-01/runtime';
const noBytes = new Uint8Array(0);
const outOfMemory = 'ERR_WORKER_OUT_OF_MEMORY';
const { SLOTS, SLOT_BYTES, SLOT_WORDS, EMPTY, POSTED, DONE, WITHDRAWN } = layout;

/** A thread that prints without end waits instead of keeping us busy: so much in each window. */
const WINDOW_CHARACTERS = 2_097_152;
const WINDOW_MS = 100;

type Said = [kind: 'stdout' | 'stderr' | 'next' | 'init-error', text: string, results: number];

export class ThreadEnvironment implements ChildProcess {
  readonly slots: number = SLOTS;
  readonly #spec: LaunchSpec;
  readonly #memory = new SharedArrayBuffer(memoryBytes);
  readonly #words = new Int32Array(this.#memory, 0, layout.WORDS);
  readonly #bytes = Buffer.from(this.#memory);
  readonly #parcels = new MessageChannel();
  readonly #speech = new MessageChannel();
  readonly #bell: Doorbell;
  readonly #onGone: () => void;
  #worker: Worker | undefined;
  #number: number | undefined;
  /** The slot that the next event goes to, and the one that the next result comes from. */
  #head = 0;
  #tail = 0;
  /** The request in each slot; undefined where none is, or it was withdrawn. */
  readonly #requestIds = new Array<string | undefined>(SLOTS).fill(undefined);
  /** Slots whose events have not come back. */
  #inUse = 0;
  #results = 0;
  #taken = 0;
  /** Said after a result that has not been taken yet. */
  #early: Said | undefined;
  /** Of the thread, by its own measure. */
  #heapBytes: number | undefined;
  #isMeasuring = false;
  /** Where the present window of output began, and the timer that ends it. */
  #toldTaken = 0;
  #pause: NodeJS.Timeout | undefined;
  #signal: string | null = null;
  #isGone = false;

  constructor(spec: LaunchSpec, bell: Doorbell, onGone: () => void) {
    this.#spec = spec;
    this.#bell = bell;
    this.#onGone = onGone;
  }

  /** Threads have none of their own. */
  get pid(): number {
    return process.pid;
  }

  start(environment: Readonly<Record<string, string>>, cacheDirectory: string): void {
    const number = this.#bell.add(() => this.#take());
    if (number === undefined) this.#print('stderr', 'there are too many threads already\n');
    if (number === undefined || this.#signal !== null) {
      this.#end({ code: this.#signal === null ? 1 : null, signal: this.#signal });
      return;
    }
    this.#number = number;
    const port = this.#parcels.port2;
    const speech = this.#speech.port2;
    const [memory, bell] = [this.#memory, this.#bell.memory];
    const worker = new Worker(entry, {
      workerData: { memory, layout, bell, number, port, speech, cacheDirectory },
      transferList: [port, speech],
      env: { ...environment },
      execArgv: [],
      argv: [],
      name: this.#spec.label,
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.max(16, Math.floor(this.#spec.memoryMb * HEAP_SHARE)),
      },
    });
    this.#worker = worker;
    // What passes our own way by, such as what Node says before the program runs.
    worker.stdout.on('data', (text) => this.#print('stdout', String(text)));
    worker.stderr.on('data', (text) => this.#print('stderr', String(text)));
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === outOfMemory) this.#signal = 'SIGKILL';
      else this.#print('stderr', `${error.stack ?? error.message}\n`);
    });
    worker.on('exit', (code) => {
      this.#take();
      this.#end({ code: this.#signal === null ? code : null, signal: this.#signal });
    });
  }

  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void {
    if (signal === 'SIGSTOP' || signal === 'SIGCONT' || this.#isGone) return;
    this.#signal ??= signal;
    void this.#worker?.terminate();
  }

  memoryBytes(): number | undefined {
    if (this.#isGone) return undefined;
    this.#measure();
    return this.#heapBytes;
  }

  /** Asks the thread, which answers when it does not sleep; one question at a time. */
  #measure(): void {
    if (this.#isMeasuring || this.#worker === undefined) return;
    this.#isMeasuring = true;
    void this.#worker
      .getHeapStatistics()
      .then(({ total_heap_size, external_memory }) => {
        this.#heapBytes = total_heap_size + external_memory;
      })
      // It does not run yet, or no more.
      .catch(() => {})
      .finally(() => {
        this.#isMeasuring = false;
      });
  }

  withdraw(requestId: string): boolean {
    const slot = this.#requestIds.indexOf(requestId);
    if (slot === -1) return false;
    const word = layout.STATE + slot * SLOT_WORDS;
    if (Atomics.compareExchange(this.#words, word, POSTED, WITHDRAWN) !== POSTED) return false;
    this.#requestIds[slot] = undefined;
    return true;
  }

  #print(stream: 'stdout' | 'stderr', text: string): void {
    if (!this.#isGone) this.#spec.onOutput(stream, text);
  }

  #end(exit: ProcessExit): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#pause);
    if (this.#number !== undefined) this.#bell.remove(this.#number);
    this.#parcels.port1.close();
    this.#speech.port1.close();
    this.#onGone();
    this.#spec.onExit(exit);
  }

  /** Takes what the thread has left: results in their order, and what it said before each. */
  #take(): void {
    while (!this.#isGone) {
      const word = this.#tail * SLOT_WORDS;
      // Looked at before what was said is taken, which then is all that came before it.
      const state = Atomics.load(this.#words, layout.STATE + word);
      if (this.#early !== undefined || Atomics.load(this.#words, layout.SAID) !== this.#taken) {
        this.#listen();
      }
      // An event that is gone without a result was withdrawn.
      const isFree = state === DONE || (state === EMPTY && this.#inUse > 0);
      if (!isFree) return;
      const slot = this.#tail;
      this.#tail = (slot + 1) % SLOTS;
      this.#inUse -= 1;
      if (state === DONE) this.#takeResult(slot);
      this.#askNext();
    }
  }

  #listen(): void {
    for (;;) {
      const said =
        this.#early ?? (receiveMessageOnPort(this.#speech.port1)?.message as Said | undefined);
      this.#early = undefined;
      if (said === undefined) break;
      if (said[2] > this.#results) {
        this.#early = said;
        break;
      }
      const [kind, text] = said;
      this.#taken = (this.#taken + text.length) | 0;
      if (kind === 'stdout' || kind === 'stderr') this.#print(kind, text);
      else if (kind === 'init-error') this.#serve(failure('/init/error', text, '0'));
      else {
        this.#heapBytes = Number(text);
        for (let slot = 0; slot < SLOTS; slot += 1) this.#askNext();
      }
    }
    this.#letSpeak();
  }

  /** Tells the thread what has been taken: at once, or when the time for so much is over. */
  #letSpeak(): void {
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.#toldTaken = this.#taken;
      this.#tellTaken();
    }, WINDOW_MS).unref();
    if (((this.#taken - this.#toldTaken) | 0) < WINDOW_CHARACTERS) this.#tellTaken();
  }

  #tellTaken(): void {
    Atomics.store(this.#words, layout.TAKEN, this.#taken);
    Atomics.notify(this.#words, layout.TAKEN);
  }

  #takeResult(slot: number): void {
    const words = this.#words;
    const word = slot * SLOT_WORDS;
    const length = words[layout.RESULT_BYTES + word] ?? 0;
    const at = layout.RESULTS_AT + slot * SLOT_BYTES;
    const body =
      length === -1
        ? Buffer.from(receiveMessageOnPort(this.#parcels.port1)?.message as Uint8Array)
        : Buffer.copyBytesFrom(this.#bytes, at, length);
    const isError = words[layout.IS_ERROR + word] === 1;
    const tookUs = String(words[layout.TOOK_US + word]);
    Atomics.store(words, layout.STATE + word, EMPTY);
    const path = `/invocation/${this.#requestIds[slot]}/`;
    this.#requestIds[slot] = undefined;
    this.#results = (this.#results + 1) | 0;
    this.#serve(
      isError
        ? failure(`${path}error`, body.toString(), tookUs)
        : post(`${path}response`, { 'orrery-took-us': tookUs }, body),
    );
  }

  #askNext(): void {
    this.#serve(nextRequest, (response) => this.#deliver(response));
  }

  /** A call that breaks on our side ends this environment, and nothing else. */
  #serve(request: HttpRequest, answered: (response: HttpResponse) => void = () => {}): void {
    this.#spec
      .serve(request)
      .then(answered)
      .catch(() => this.kill('SIGKILL'));
  }

  #deliver({ status, headers, body }: HttpResponse): void {
    if (this.#isGone) return;
    if (status !== 200) {
      this.kill('SIGKILL');
      return;
    }
    const slot = this.#head;
    this.#head = (slot + 1) % SLOTS;
    this.#inUse += 1;
    const words = this.#words;
    const word = slot * SLOT_WORDS;
    const requestId = String(headers['lambda-runtime-aws-request-id']);
    this.#requestIds[slot] = requestId;
    const head =
      `${requestId}\t${headers['lambda-runtime-deadline-ms']}\t` +
      `${headers['lambda-runtime-invoked-function-arn']}\t` +
      `${headers['lambda-runtime-trace-id'] ?? ''}\t${contextOf(headers)}\n`;
    if (head.length + body.length <= SLOT_BYTES) {
      const at = layout.EVENTS_AT + slot * SLOT_BYTES;
      const bodyAt = at + this.#bytes.write(head, at, 'latin1');
      this.#bytes.set(body, bodyAt);
      words[layout.EVENT_BYTES + word] = head.length + body.length;
    } else {
      this.#parcels.port1.postMessage(Buffer.concat([Buffer.from(head, 'latin1'), body]));
      words[layout.EVENT_BYTES + word] = -1;
    }
    Atomics.store(words, layout.STATE + word, POSTED);
    this.#bell.wakeSoon(words, layout.STATE + word);
  }
}

/** A header's text as bytes of UTF-8, on one line and in one column. */
function contextOf(headers: HttpResponse['headers']): string {
  const context = headers['lambda-runtime-client-context'];
  if (typeof context !== 'string') return '';
  return Buffer.from(context.replace(/[\t\r\n]/g, ' ')).toString('latin1');
}

const nextRequest: HttpRequest = {
  method: 'GET',
  path: `${api}/invocation/next`,
  headers: {},
  body: noBytes,
};

function post(path: string, headers: Record<string, string>, body: Uint8Array): HttpRequest {
  return { method: 'POST', path: `${api}${path}`, headers, body };
}

/** `text`: the type of the error, a line, its shape. */
function failure(path: string, text: string, tookUs: string): HttpRequest {
  const end = text.indexOf('\n');
  const errorType = text.slice(0, end);
  const headers = { 'lambda-runtime-function-error-type': errorType, 'orrery-took-us': tookUs };
  return post(path, headers, Buffer.from(text.slice(end + 1)));
}
