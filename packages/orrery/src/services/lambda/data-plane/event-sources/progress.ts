/**
 * Owns: up to which record everything of a shard has been handled, while several batches of it are
 * under way at once. Pure.
 *
 * G1  The mark never passes a record that was added and not finished.
 */

interface Entry {
  readonly sequence: string;
  isFinished: boolean;
}

export class Progress {
  readonly #bySequence = new Map<string, Entry>();
  /** In the order of the shard; those before `#first` are behind the mark. */
  #entries: Entry[] = [];
  #first = 0;
  #mark: string;

  /** `mark` is the sequence number up to which everything has been handled, or empty. */
  constructor(mark: string) {
    this.#mark = mark;
  }

  get mark(): string {
    return this.#mark;
  }

  /** Records that were added and are not behind the mark. */
  get size(): number {
    return this.#entries.length - this.#first;
  }

  add(sequence: string, isFinished: boolean): void {
    const entry = { sequence, isFinished };
    this.#entries.push(entry);
    if (isFinished) this.#advance();
    else this.#bySequence.set(sequence, entry);
  }

  finish(sequence: string): void {
    const entry = this.#bySequence.get(sequence);
    if (entry === undefined) return;
    this.#bySequence.delete(sequence);
    entry.isFinished = true;
    this.#advance();
  }

  #advance(): void {
    for (;;) {
      const entry = this.#entries[this.#first];
      if (entry?.isFinished !== true) break;
      this.#mark = entry.sequence;
      this.#first += 1;
    }
    if (this.#first < 1_000 && this.#first < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }
}
