/**
 * Owns: the text of a stream record in the store, and what a change leaves of it under each view.
 * Refuses to own: sequence numbers and shards (`stream-log.ts`), the form that clients see
 * (`streams/get-records.ts`).
 *
 * A record is `<epoch milliseconds><kind>`, its keys, its new image and its old one, a line each (JSON
 * text has no line breaks); an image that the view leaves out is an empty line.
 *
 *  D1  A write that leaves the item as it was is no change: order of attributes and of the elements
 *      of sets says nothing.
 */
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import { equalMaps } from '../values/compare.ts';

export type StreamView = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/** Insert, modify, remove; remove by Time to Live. */
export type ChangeKind = 'I' | 'M' | 'R' | 'T';

/** What a write has done to an item; JSON texts, undefined where there is no item. */
export interface ItemChange {
  readonly before: string | undefined;
  readonly now: string | undefined;
  /** JSON of the primary key. */
  readonly keys: string;
  readonly expired: boolean;
}

export interface StoredRecord {
  readonly createdMs: number;
  readonly kind: ChangeKind;
  readonly keys: string;
  /** Empty where the view or the change has none. */
  readonly newImage: string;
  readonly oldImage: string;
}

/** Whether the two items differ in anything that a reader could see. */
export function differs(before: string | undefined, now: string | undefined): boolean {
  if (before === now) return false;
  if (before === undefined || now === undefined || !sameCharacters(before, now)) return true;
  return !equalMaps(parseMap(before), parseMap(now));
}

/** False only where the texts cannot be the same in another order: most often, and soon seen. */
function sameCharacters(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a.charCodeAt(i) - b.charCodeAt(i);
  return sum === 0;
}

export function encodeStreamRecord(change: ItemChange, view: StreamView, nowMs: number): string {
  const { before, now, keys } = change;
  const newImage = view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES' ? (now ?? '') : '';
  const oldImage = view === 'OLD_IMAGE' || view === 'NEW_AND_OLD_IMAGES' ? (before ?? '') : '';
  return `${nowMs}${kindOf(change)}\n${keys}\n${newImage}\n${oldImage}`;
}

function kindOf({ before, now, expired }: ItemChange): ChangeKind {
  if (now === undefined) return expired ? 'T' : 'R';
  return before === undefined ? 'I' : 'M';
}

/** Milliseconds of a record's making, without taking the rest apart. */
export function createdMsOf(text: string): number {
  return Number.parseInt(text, 10);
}

export function decodeStreamRecord(text: string): StoredRecord {
  const [head = '', keys = '', newImage = '', oldImage = ''] = text.split('\n', 4);
  return {
    createdMs: createdMsOf(head),
    kind: head.slice(-1) as ChangeKind,
    keys,
    newImage,
    oldImage,
  };
}

/** An image, or undefined where there is none. */
export function imageOf(text: string): AttributeMap | undefined {
  return text === '' ? undefined : parseMap(text);
}
