/**
 * A map from names to short texts, for zones of a million names: some twenty octets per name beside
 * the name and its text, nothing for the collector to walk, and never a pause to grow.
 *
 * Entries stand one after another in segments of bytes; an index of hashes, open addressing, says
 * where. Both are replaced piece by piece: a growing index hands over some slots with each change,
 * a segment that is half dead is copied out alone.
 *
 * Invariants:
 *  T1  Every change costs at most one segment's copying, whatever the number of names.
 *  T2  Texts hold characters up to U+00FF only.
 *  T3  An entry is in exactly one of the two indexes while one is handed over to the other.
 */
import { assert } from '../../../stdx/assert.ts';
import type { WireName } from '../../../wire/dns/name.ts';

/** Where an entry stands: segment and offset in it, plus one, so that 0 is no entry. */
type Ref = number;
const offsetBits = 18;
const maxSegment = 1 << offsetBits;
const offsetMask = maxSegment - 1;
const firstSegment = 512;
/** In the index: an entry was here. Searches go on behind it. */
const gone = 0xffff_ffff;

/** Before an entry's name: its length (0 where the entry is dead), octets of all that follows
 *  the head, and the length of its text. */
const headOctets = 7;
/** Longer texts stand beside the segments. */
const maxText = 4096;
const isElsewhere = 0xff_ffff;

const firstSlots = 16;
/** Slots of the former index that every change hands over. */
const handedOver = 64;

/** The octets of a text. */
export interface TextView {
  bytes: Buffer;
  start: number;
  end: number;
}

function u24(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

/** An index: a hash and a reference per slot. */
class Index {
  readonly slots: Uint32Array;
  readonly mask: number;
  /** Slots that are not empty. */
  used = 0;

  constructor(capacity: number) {
    this.slots = new Uint32Array(2 * capacity);
    this.mask = capacity - 1;
  }

  add(hash: number, ref: Ref): void {
    const { slots, mask } = this;
    let at = hash & mask;
    while (slots[2 * at + 1] !== 0) at = (at + 1) & mask;
    slots[2 * at] = hash;
    slots[2 * at + 1] = ref;
    this.used++;
  }

  /** Points the slot that points at `ref` at another entry, or at none any more. */
  replace(hash: number, ref: Ref, by: Ref): boolean {
    const { slots, mask } = this;
    for (let at = hash & mask; slots[2 * at + 1] !== 0; at = (at + 1) & mask) {
      if (slots[2 * at + 1] !== ref) continue;
      slots[2 * at + 1] = by;
      return true;
    }
    return false;
  }
}

export class NameTable {
  private index = new Index(firstSlots);
  private former: Index | undefined;
  private formerAt = 0;
  private count = 0;
  private readonly segments: (Buffer | undefined)[] = [];
  private readonly living: number[] = [];
  private readonly elsewhere = new Map<WireName, Buffer>();
  /** The segment that entries are added to, and where. */
  private current = -1;
  private at = 0;
  private readonly found: TextView = { bytes: Buffer.alloc(0), start: 0, end: 0 };

  get size(): number {
    return this.count;
  }

  /** Octets that segments and indexes take. */
  get octets(): number {
    const segments = this.segments.reduce((sum, each) => sum + (each?.length ?? 0), 0);
    return segments + this.index.slots.byteLength + (this.former?.slots.byteLength ?? 0);
  }

  has(name: WireName): boolean {
    return this.find(name, hashOf(name)) !== 0;
  }

  get(name: WireName): string | undefined {
    const { bytes, start, end } = this.view(name) ?? {};
    return bytes?.toString('latin1', start, end);
  }

  /** Where the text of a name stands, to read it without making it a string; until the next call. */
  view(name: WireName): TextView | undefined {
    const ref = this.find(name, hashOf(name));
    if (ref === 0) return undefined;
    const segment = this.segmentOf(ref);
    const at = (ref - 1) & offsetMask;
    const length = u24(segment, at + 4);
    const { found } = this;
    const elsewhere = length === isElsewhere ? this.elsewhere.get(name) : undefined;
    found.bytes = elsewhere ?? segment;
    found.start = elsewhere === undefined ? at + headOctets + name.length : 0;
    found.end = found.start + (elsewhere?.length ?? length);
    return found;
  }

  set(name: WireName, text: string): void {
    const hash = hashOf(name);
    const ref = this.find(name, hash);
    if (ref !== 0 && this.overwrite(ref, name, text)) return;
    const added = this.append(name, text);
    if (ref === 0) {
      this.count++;
      this.index.add(hash, added);
      this.growIfFull();
    } else {
      this.repoint(hash, ref, added);
      this.kill(ref);
    }
    this.handOver(handedOver);
  }

  delete(name: WireName): void {
    const hash = hashOf(name);
    const ref = this.find(name, hash);
    if (ref === 0) return;
    this.count--;
    this.repoint(hash, ref, gone);
    this.elsewhere.delete(name);
    this.kill(ref);
    this.handOver(handedOver);
  }

  private find(name: WireName, hash: number): Ref {
    const found = this.findIn(this.index, name, hash);
    return found !== 0 || this.former === undefined ? found : this.findIn(this.former, name, hash);
  }

  private findIn({ slots, mask }: Index, name: WireName, hash: number): Ref {
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const ref = slots[2 * at + 1] ?? 0;
      if (ref === 0) return 0;
      if (slots[2 * at] === hash && ref !== gone && this.isNamed(ref, name)) return ref;
    }
  }

  private isNamed(ref: Ref, name: WireName): boolean {
    const segment = this.segmentOf(ref);
    let at = (ref - 1) & offsetMask;
    if (segment[at] !== name.length) return false;
    at += headOctets;
    for (let i = 0; i < name.length; i++) {
      if (segment[at + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  private segmentOf(ref: Ref): Buffer {
    const segment = this.segments[(ref - 1) >>> offsetBits];
    assert(segment !== undefined, 'an entry stands in a segment');
    return segment;
  }

  /** Writes a text in the place of another, where it fits; says whether. */
  private overwrite(ref: Ref, name: WireName, text: string): boolean {
    const segment = this.segmentOf(ref);
    const at = (ref - 1) & offsetMask;
    const room = u24(segment, at + 1) - name.length;
    if (text.length > room || text.length > maxText || 2 * text.length < room) return false;
    this.elsewhere.delete(name);
    segment.writeUIntBE(text.length, at + 4, 3);
    segment.write(text, at + headOctets + name.length, 'latin1');
    return true;
  }

  private append(name: WireName, text: string): Ref {
    const isLong = text.length > maxText;
    const kept = isLong ? '' : text;
    const octets = headOctets + name.length + kept.length;
    const open = this.segments[this.current];
    if (open === undefined || this.at + octets > open.length) this.openSegment(octets);
    const segment = this.segments[this.current];
    assert(segment !== undefined, 'a segment is open');
    const { at } = this;
    segment[at] = name.length;
    segment.writeUIntBE(name.length + kept.length, at + 1, 3);
    segment.writeUIntBE(isLong ? isElsewhere : kept.length, at + 4, 3);
    segment.write(name, at + headOctets, 'latin1');
    segment.write(kept, at + headOctets + name.length, 'latin1');
    if (isLong) this.elsewhere.set(name, Buffer.from(text, 'latin1'));
    else if (this.elsewhere.size > 0) this.elsewhere.delete(name);
    this.at += octets;
    this.living[this.current] = (this.living[this.current] ?? 0) + octets;
    return this.current * maxSegment + at + 1;
  }

  /** Small at first: most zones hold a handful of names. */
  private openSegment(octets: number): void {
    const before = this.segments[this.current]?.length ?? firstSegment / 2;
    const size = Math.min(maxSegment, Math.max(2 * before, firstSegment, 2 * octets));
    const free = this.segments.indexOf(undefined);
    this.current = free === -1 ? this.segments.length : free;
    assert(this.current < 2 ** (32 - offsetBits) - 1, 'a zone of less than 4 GiB');
    this.segments[this.current] = Buffer.allocUnsafeSlow(size);
    this.living[this.current] = 0;
    this.at = 0;
  }

  private repoint(hash: number, ref: Ref, to: Ref): void {
    const done = this.index.replace(hash, ref, to) || this.former?.replace(hash, ref, to) === true;
    assert(done, 'an entry is in an index');
  }

  private kill(ref: Ref): void {
    const number = (ref - 1) >>> offsetBits;
    const segment = this.segmentOf(ref);
    const at = (ref - 1) & offsetMask;
    const living = (this.living[number] ?? 0) - headOctets - u24(segment, at + 1);
    segment[at] = 0;
    this.living[number] = living;
    if (number !== this.current && 2 * living < segment.length) this.copyOut(number, segment);
  }

  /** Copies what lives in a segment to the open one, and drops the segment. */
  private copyOut(number: number, segment: Buffer): void {
    let left = this.living[number] ?? 0;
    for (let at = 0; left > 0; ) {
      const nameLength = segment[at] ?? 0;
      const octets = headOctets + u24(segment, at + 1);
      if (nameLength > 0) {
        left -= octets;
        const textAt = at + headOctets + nameLength;
        const name = segment.toString('latin1', at + headOctets, textAt);
        const length = u24(segment, at + 4);
        const text =
          length === isElsewhere
            ? (this.elsewhere.get(name)?.toString('latin1') ?? '')
            : segment.toString('latin1', textAt, textAt + length);
        this.repoint(hashOf(name), number * maxSegment + at + 1, this.append(name, text));
      }
      at += octets;
    }
    this.segments[number] = undefined;
    this.living[number] = 0;
  }

  private growIfFull(): void {
    const capacity = this.index.mask + 1;
    if (10 * this.index.used < 7 * capacity) return;
    // Handed over long before the next time: what is left is a handful of slots.
    this.handOver(Number.POSITIVE_INFINITY);
    this.former = this.index;
    this.formerAt = 0;
    let wanted = firstSlots;
    while (wanted < 2 * this.count) wanted *= 2;
    this.index = new Index(wanted);
  }

  private handOver(slots: number): void {
    const { former } = this;
    if (former === undefined) return;
    const end = Math.min(former.mask + 1, this.formerAt + slots);
    for (; this.formerAt < end; this.formerAt++) {
      const ref = former.slots[2 * this.formerAt + 1] ?? 0;
      if (ref === 0 || ref === gone) continue;
      this.index.add(former.slots[2 * this.formerAt] ?? 0, ref);
      former.slots[2 * this.formerAt + 1] = gone;
    }
    if (this.formerAt > former.mask) this.former = undefined;
  }
}

/** FNV-1a with a last stir, for the index goes by the lower bits. */
function hashOf(name: WireName): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
