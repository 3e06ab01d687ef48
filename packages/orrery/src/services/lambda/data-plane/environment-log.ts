/**
 * Owns: the log stream of one execution environment: what its process prints and what Lambda
 * writes around each invocation, in order and within bounds.
 *
 * E1  END and REPORT of an invocation stand after its output: they wait until the next START, the
 *     next batch or the end of the process, because pipe and Runtime API are two roads.
 * E2  One invocation logs at most `limitBytes` of output; one line more says that it was cut.
 * E3  A tail is the last 4 KB of the invocation, Lambda's own lines included.
 */
import type { Io } from '../../../io/io.ts';
import type { LogSink } from './log-sink.ts';

const tailBytes = 4096;
const lineBytesMax = 65_536;

type Output = 'stdout' | 'stderr';

export class EnvironmentLog {
  readonly stream: string;
  readonly #io: Io;
  readonly #sink: LogSink;
  readonly #group: string;
  readonly #limitBytes: number;
  readonly #partial: Record<Output, string> = { stdout: '', stderr: '' };
  #printed = 0;
  #waitingLines: readonly string[] = [];
  #waiting = false;
  /** When the invocation ended, and when the last line was written. */
  #endedMs = 0;
  #lastMs = 0;
  #tail: string | undefined;

  constructor(io: Io, sink: LogSink, group: string, stream: string, limitBytes: number) {
    this.#io = io;
    this.#sink = sink;
    this.#group = group;
    this.stream = stream;
    this.#limitBytes = limitBytes;
  }

  /** A new invocation: what the last one still owes is written first. */
  begin(line: string, wantsTail: boolean): void {
    this.settle();
    this.#printed = 0;
    this.#tail = wantsTail ? '' : undefined;
    this.write(line);
  }

  /** A line of Lambda's own, of now unless told otherwise. */
  write(line: string, atMs = this.#io.clock.wallMs()): void {
    this.#lastMs = Math.max(this.#lastMs, atMs);
    this.#sink.append(this.#group, this.stream, atMs, `${line}\n`);
    if (this.#tail !== undefined) this.#tail = `${this.#tail}${line}\n`.slice(-tailBytes);
  }

  /** A piece of what the process printed; lines are put together here. */
  output(from: Output, text: string): void {
    if (this.#printed > this.#limitBytes) return;
    this.#printed += text.length;
    if (this.#printed > this.#limitBytes) {
      const room = Math.max(text.length - (this.#printed - this.#limitBytes), 0);
      this.#lines(from, text.slice(0, room));
      this.#flushPartial();
      this.write(`[orrery] output over ${this.#limitBytes} bytes in one invocation is not logged`);
      return;
    }
    this.#lines(from, text);
  }

  /** The invocation is over: END and REPORT follow once its output is in (E1). */
  finish(lines: readonly string[]): void {
    this.settle();
    this.#waitingLines = lines;
    this.#endedMs = this.#io.clock.wallMs();
    if (this.#waiting) return;
    this.#waiting = true;
    this.#sink.beforeFlush(() => {
      this.#waiting = false;
      this.settle();
    });
  }

  /** Writes what waits, at once. */
  settle(): void {
    this.#flushPartial();
    const lines = this.#waitingLines;
    if (lines.length === 0) return;
    this.#waitingLines = [];
    // They wait for the output, but happened when the invocation ended (never before its output).
    for (const line of lines) this.write(line, Math.max(this.#endedMs, this.#lastMs));
  }

  /** Base64 of the last 4 KB of the invocation that began with `wantsTail`. */
  tail(): string {
    this.settle();
    return Buffer.from(Buffer.from(this.#tail ?? '').subarray(-tailBytes)).toString('base64');
  }

  #lines(from: Output, text: string): void {
    const lines = (this.#partial[from] + text).split('\n');
    this.#partial[from] = lines.pop() ?? '';
    for (const line of lines) this.write(line);
    if (this.#partial[from].length > lineBytesMax) this.#flushPartial();
  }

  #flushPartial(): void {
    for (const from of ['stdout', 'stderr'] as const) {
      const line = this.#partial[from];
      if (line === '') continue;
      this.#partial[from] = '';
      this.write(line);
    }
  }
}
