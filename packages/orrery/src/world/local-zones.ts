/**
 * Where AWS Local Zones stand: the metro in a zone group's name (`us-east-1-bos-1`) as a place.
 * A group of an unknown metro stands where its parent region does.
 */
import { type Place, placeByName, placeOfRegion } from './places.ts';
import { isRegion } from './regions.ts';

/** Metro code → the nearest place of ours. */
const metros: Readonly<Record<string, string>> = {
  akl: 'auckland',
  atl: 'atlanta',
  bkk: 'bangkok',
  bos: 'boston',
  bue: 'buenos-aires',
  ccu: 'kolkata',
  chi: 'chicago',
  cph: 'copenhagen',
  del: 'delhi',
  dfw: 'dallas',
  ham: 'hamburg',
  han: 'hanoi',
  iah: 'houston',
  lax: 'los-angeles',
  lim: 'lima',
  los: 'lagos',
  mia: 'miami',
  mnl: 'manila',
  nyc: 'new-york',
  pdx: 'boardman',
  phl: 'philadelphia',
  phx: 'phoenix',
  qro: 'queretaro',
  scl: 'santiago',
  sea: 'seattle',
  tpe: 'taipei',
  waw: 'warsaw',
};

/** The place of a Local Zone group, or undefined where its name is none of a region here. */
export function placeOfLocalZone(group: string): Place | undefined {
  const match = /^([a-z]{2}(?:-[a-z]+)+-\d)-([a-z]{3})-\d[a-z]?$/.exec(group);
  const region = match?.[1];
  if (region === undefined || !isRegion(region)) return undefined;
  return placeByName(metros[match?.[2] ?? ''] ?? '') ?? placeOfRegion(region);
}
