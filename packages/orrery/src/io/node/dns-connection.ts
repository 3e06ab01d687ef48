/**
 * One TCP connection that asks DNS questions: messages behind two octets of length (RFC 1035
 * §4.2.2), as many as come, answered in their order (RFC 7766).
 *
 * Invariants:
 *  1. What a connection can hold is bounded: one message that is not whole, one piece of input, and
 *     answers up to `unreadBytesMax` (and one more). While answers are not read, no question is.
 *  2. A message that has begun is whole within `messageMs`, however steadily its octets drip.
 */
import type { Socket } from 'node:net';

export interface DnsConnectionLimits {
  readonly messageMs: number;
  readonly unreadBytesMax: number;
}

export class DnsConnection {
  readonly #socket: Socket;
  readonly #answer: (packet: Uint8Array) => Uint8Array | undefined;
  readonly #limits: DnsConnectionLimits;
  /** Input that waits for its turn: set only while the connection is held up. */
  #waiting: Buffer = Buffer.alloc(0);
  /** Octets of a length of which one has come. */
  #firstOctet: number | undefined;
  /** A message that has begun, and how much of it is there. */
  #message: Buffer | undefined;
  #filled = 0;
  #deadline: NodeJS.Timeout | undefined;
  #heldUp = false;

  constructor(
    socket: Socket,
    answer: (packet: Uint8Array) => Uint8Array | undefined,
    limits: DnsConnectionLimits,
  ) {
    this.#socket = socket;
    this.#answer = answer;
    this.#limits = limits;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('drain', () => this.#goOn());
    socket.on('close', () => clearTimeout(this.#deadline));
  }

  #goOn(): void {
    if (!this.#heldUp) return;
    this.#heldUp = false;
    const waiting = this.#waiting;
    this.#waiting = Buffer.alloc(0);
    this.#take(waiting);
    if (!this.#heldUp) this.#socket.resume();
  }

  #take(chunk: Buffer): void {
    if (this.#heldUp) {
      // Read before the pause took effect.
      this.#waiting = Buffer.concat([this.#waiting, chunk]);
      return;
    }
    for (let at = 0; at < chunk.length && !this.#socket.destroyed; ) {
      if (this.#socket.writableLength > this.#limits.unreadBytesMax) {
        this.#heldUp = true;
        this.#waiting = chunk.subarray(at);
        this.#socket.pause();
        return;
      }
      at = this.#message === undefined ? this.#begin(chunk, at) : this.#fill(chunk, at);
    }
  }

  /** Reads a length, and the message where all of it is there. */
  #begin(chunk: Buffer, start: number): number {
    let at = start;
    this.#arm();
    if (this.#firstOctet === undefined) this.#firstOctet = chunk[at++] ?? 0;
    const second = chunk[at];
    if (second === undefined) return at;
    at++;
    const length = this.#firstOctet * 256 + second;
    this.#firstOctet = undefined;
    if (at + length <= chunk.length) {
      this.#whole(chunk.subarray(at, at + length));
      return at + length;
    }
    this.#message = Buffer.allocUnsafe(length);
    this.#filled = 0;
    return at;
  }

  #fill(chunk: Buffer, at: number): number {
    const message = this.#message ?? Buffer.alloc(0);
    const copied = chunk.copy(message, this.#filled, at);
    this.#filled += copied;
    if (this.#filled === message.length) {
      this.#message = undefined;
      this.#whole(message);
    }
    return at + copied;
  }

  #arm(): void {
    this.#deadline ??= setTimeout(() => this.#socket.destroy(), this.#limits.messageMs);
    this.#deadline.unref();
  }

  #whole(message: Buffer): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    const reply = this.#answer(message);
    if (reply === undefined) return;
    if (reply.length > 65_535) {
      this.#socket.destroy();
      return;
    }
    const framed = Buffer.allocUnsafe(2 + reply.length);
    framed.writeUInt16BE(reply.length, 0);
    framed.set(reply, 2);
    this.#socket.write(framed);
  }
}
