/** Request ids in the form of DynamoDB's: 52 letters and digits. Others are UUIDs. */
import type { Random } from '../io/io.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const length = 52;
/** Letters that one word of chance gives. */
const perWord = 6;

export function longRequestId(random: Random): string {
  let id = '';
  while (id.length < length) {
    let word = random.u32();
    for (let n = 0; n < perWord && id.length < length; n += 1) {
      id += letters[word & 31];
      word >>>= 5;
    }
  }
  return id;
}
