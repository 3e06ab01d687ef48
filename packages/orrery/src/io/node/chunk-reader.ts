/**
 * The chunks of an HTTP/1.1 body. Pure. Owns their sizes, what stands between them and their
 * trailers, which are read and forgotten.
 *
 * Invariants:
 *  1. Nothing is kept but an unfinished line, and that is bounded; trailers are as a whole.
 */
import { NetError } from '../io.ts';

const LINE_BYTES_MAX = 16_384;
const sizeLine = /^([0-9a-f]{1,13})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i;

type Part = 'size' | 'data' | 'data end' | 'trailers' | 'done';

export class ChunkReader {
  #part: Part = 'size';
  #missingBytes = 0;
  #line = '';
  #trailerBytes = 0;

  /** Hands over what belongs to the body; true after the last of it. Throws `NetError`. */
  push(bytes: Buffer, take: (piece: Buffer) => void): boolean {
    let at = 0;
    while (at < bytes.length && this.#part !== 'done') {
      if (this.#part === 'data') {
        const piece = bytes.subarray(at, at + this.#missingBytes);
        at += piece.length;
        this.#missingBytes -= piece.length;
        if (this.#missingBytes === 0) this.#part = 'data end';
        take(piece);
      } else at = this.#readLine(bytes, at);
    }
    return this.#part === 'done';
  }

  #readLine(bytes: Buffer, from: number): number {
    const found = bytes.indexOf(10, from);
    const to = found === -1 ? bytes.length : found + 1;
    if (this.#line.length + to - from > LINE_BYTES_MAX) {
      throw new NetError('EPROTO', true, `a line of more than ${LINE_BYTES_MAX} bytes in a chunk`);
    }
    this.#line += bytes.toString('latin1', from, to);
    if (found === -1) return to;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) throw new NetError('EPROTO', true, 'a malformed chunk');
    this.#endLine(line.slice(0, -2));
    return to;
  }

  #endLine(line: string): void {
    if (this.#part === 'trailers') {
      this.#trailerBytes += line.length + 2;
      if (this.#trailerBytes > LINE_BYTES_MAX) {
        throw new NetError('EPROTO', true, `trailers of more than ${LINE_BYTES_MAX} bytes`);
      }
      if (line === '') this.#part = 'done';
    } else if (this.#part === 'data end') {
      if (line !== '') throw new NetError('EPROTO', true, 'a chunk longer than it says');
      this.#part = 'size';
    } else {
      const size = sizeLine.exec(line)?.[1];
      if (size === undefined) throw new NetError('EPROTO', true, 'a chunk without a size');
      this.#missingBytes = Number.parseInt(size, 16);
      this.#part = this.#missingBytes === 0 ? 'trailers' : 'data';
    }
  }
}
