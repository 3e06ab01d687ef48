/**
 * Bytes of a DNS message under construction. Owns name compression (RFC 1035 §4.1.4): a suffix
 * that stands within the first 16 KiB is pointed at, letters compared exactly, so that the case
 * of a question (0x20) comes back as it came.
 */
import type { WireName } from './name.ts';

export class DnsWriter {
  private bytes: Buffer;
  private at = 0;
  private readonly suffixes = new Map<WireName, number>();

  constructor(capacity = 512) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.at;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.bytes[this.at++] = value >>> 8;
    this.bytes[this.at++] = value;
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  latin1(text: string): void {
    this.reserve(text.length);
    this.at += this.bytes.write(text, this.at, 'latin1');
  }

  patchU16(at: number, value: number): void {
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  /** Writes a name, its known suffix as a pointer. Where `compress` is false it is written out. */
  name(name: WireName, compress = true): void {
    let rest = name;
    while (rest.length > 1) {
      const known = this.suffixes.get(rest);
      if (known !== undefined && compress) {
        this.u16(0xc000 | known);
        return;
      }
      if (known === undefined && this.at < 0x4000) this.suffixes.set(rest, this.at);
      const length = 1 + rest.charCodeAt(0);
      this.latin1(rest.slice(0, length));
      rest = rest.slice(length);
    }
    this.u8(0);
  }

  /** Drops what was written from a position on, names learned there included. */
  truncate(at: number): void {
    this.at = at;
    for (const [suffix, position] of this.suffixes) {
      if (position >= at) this.suffixes.delete(suffix);
    }
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  private reserve(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + length));
    this.bytes.copy(bigger, 0, 0, this.at);
    this.bytes = bigger;
  }
}
