/**
 * What a child prints, in pieces of text. Owns decoding and the rate: a child that prints without end
 * blocks on its full pipe instead of filling our memory.
 */

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const PIECE_BYTES_MAX = 65_536;
/** Per stream, 40 MiB/s at most. */
const WINDOW_BYTES = 4_194_304;
const WINDOW_MS = 100;

/** Calls `onText` as text comes, characters whole. */
export function readOutput(stream: Readable, onText: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let spent = 0;
  let resume: NodeJS.Timeout | undefined;
  stream.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES_MAX) {
      const text = decoder.write(chunk.subarray(at, at + PIECE_BYTES_MAX));
      if (text !== '') onText(text);
    }
    spent += chunk.length;
    resume ??= setTimeout(() => {
      resume = undefined;
      spent = 0;
      stream.resume();
    }, WINDOW_MS);
    if (spent >= WINDOW_BYTES) stream.pause();
  });
  stream.on('end', () => {
    const rest = decoder.end();
    if (rest !== '') onText(rest);
  });
  stream.on('error', () => {});
  stream.on('close', () => clearTimeout(resume));
}
