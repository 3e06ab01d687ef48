/**
 * Biased distances: where a geoproximity record stands, and how far it seems to a client.
 */
import { greatCircleKm, type Point } from '../../../world/geometry.ts';
import { placeOfLocalZone } from '../../../world/local-zones.ts';
import { regionById } from '../../../world/regions.ts';
import type { GeoProximityLocation } from '../record-set.ts';

/**
 * How a negative bias counts. The developer guide of 2026 has `distance × (1 - bias/100)` for both
 * signs; that of 2023 had `distance ÷ (1 + bias/100)` for negative ones.
 */
export type BiasFormula = '2026' | '2023';

/** Where a record stands; undefined where it names a region or zone that is not here. */
export function pointOf(location: GeoProximityLocation): Point | undefined {
  if (location.AWSRegion !== undefined) return regionById(location.AWSRegion);
  if (location.LocalZoneGroup !== undefined) return placeOfLocalZone(location.LocalZoneGroup);
  const at = location.Coordinates;
  return at === undefined ? undefined : { lat: Number(at.Latitude), lon: Number(at.Longitude) };
}

/** Kilometres from a client to a record as the bias makes them. */
export function biasedKm(client: Point, at: Point, bias: number, formula: BiasFormula): number {
  const km = greatCircleKm(client, at);
  return formula === '2023' && bias < 0 ? km / (1 + bias / 100) : km * (1 - bias / 100);
}
