/** Request ids in the form of DynamoDB's: 52 letters and digits. Others are UUIDs. */
import type { Random } from '../io/io.ts';

const letters = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345');
const length = 52;
/** Letters that one word of chance gives. */
const perWord = 6;
const id = Buffer.alloc(length);

export function longRequestId(random: Random): string {
  for (let at = 0; at < length; ) {
    let word = random.u32();
    for (let n = 0; n < perWord && at < length; n += 1) {
      id[at] = letters[word & 31] ?? 0;
      word >>>= 5;
      at += 1;
    }
  }
  return id.toString('latin1');
}
