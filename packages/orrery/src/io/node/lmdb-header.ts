/**
 * Looks at an LMDB data file before LMDB does, which does not survive the sight of a damaged one
 * (its binding ends the process). Owns the check of the two meta pages; changes nothing.
 *
 * The layout is that of LMDB's `MDB_meta` behind a page header of 24 bytes, on 64-bit machines.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const META_BYTES = 168;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const META_PAGE_FLAG = 0x08;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/** `absent` is a new store: LMDB makes the file. */
export type HeaderState = 'absent' | 'sound' | 'damaged' | 'other version';

/** Throws what the file system says where the file cannot be read. */
export function checkHeader(path: string): HeaderState {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  try {
    const size = fstatSync(file).size;
    const first = readAt(file, 0);
    const fault = faultOf(first);
    if (fault !== undefined) return fault;
    const pageBytes = first.readUInt32LE(48);
    if (pageBytes < 512 || pageBytes > 65_536 || size < 2 * pageBytes) return 'damaged';
    const second = readAt(file, pageBytes);
    const secondFault = faultOf(second);
    if (secondFault !== undefined) return secondFault;
    const latest = first.readBigUInt64LE(152) >= second.readBigUInt64LE(152) ? first : second;
    const pages = BigInt(Math.floor(size / pageBytes));
    // The roots of the two trees: the free pages, and the entries.
    for (const at of [48 + 40, 96 + 40]) {
      const root = latest.readBigUInt64LE(at);
      if (root !== NO_PAGE && root >= pages) return 'damaged';
    }
    return 'sound';
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, position: number): Buffer {
  const bytes = Buffer.alloc(META_BYTES);
  readSync(file, bytes, 0, META_BYTES, position);
  return bytes;
}

function faultOf(page: Buffer): HeaderState | undefined {
  if ((page.readUInt16LE(18) & META_PAGE_FLAG) === 0) return 'damaged';
  if (page.readUInt32LE(24) !== MAGIC) return 'damaged';
  return (page.readUInt32LE(28) & 0xffff) === DATA_VERSION ? undefined : 'other version';
}
