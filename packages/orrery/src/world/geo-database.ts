/**
 * The interface of a geo-IP database: where addresses of real clients are. Owns the making of
 * places from what such a database says. Refuses to own files and their formats.
 *
 * Invariant: at most `maxPlaces` places are made; what comes later is put at the nearest city of
 * ours, so that tables by place stay small.
 */
import { continentOfCountry } from './countries.ts';
import { greatCircleKm, type Point } from './geometry.ts';
import { type Place, places } from './places.ts';

export interface GeoPosition {
  /** Undefined where the database does not know. */
  readonly place: Place | undefined;
  /** Length of the network of which all addresses have this place, or none. */
  readonly prefixLength: number;
}

export interface GeoDatabase {
  /** For an answer's text: `GeoLite2-City`. */
  readonly name: string;
  find(ip: string): GeoPosition;
}

/** What a database says of a network. */
export interface GeoFacts extends Point {
  readonly country: string;
  readonly subdivision: string | undefined;
  readonly city: string | undefined;
}

/** Indexes of places that are made of facts lie below `places.length + maxPlaces`. */
export const maxPlaces = 4096;

/** Makes places of facts, the same one for facts that are the same to a tenth of a degree. */
export class GeoPlaces {
  private readonly made = new Map<string, Place>();

  placeOf(facts: GeoFacts): Place {
    const lat = Math.round(facts.lat * 10) / 10;
    const lon = Math.round(facts.lon * 10) / 10;
    const subdivision =
      facts.country === 'US' || facts.country === 'UA' ? facts.subdivision : undefined;
    const area = subdivision === undefined ? facts.country : `${facts.country}-${subdivision}`;
    const name = `${area}@${lat},${lon}`;
    const known = this.made.get(name);
    if (known !== undefined) return known;
    if (this.made.size >= maxPlaces) return nearestPlace(facts);
    const place: Place = {
      name,
      displayName: facts.city ?? name,
      country: facts.country,
      subdivision,
      continent: continentOfCountry(facts.country) ?? nearestPlace(facts).continent,
      lat,
      lon,
      index: places.length + this.made.size,
      subnet: '0.0.0.0/0',
      subnet6: '::/0',
    };
    this.made.set(name, place);
    return place;
  }
}

/** Our city nearest to a point. */
export function nearestPlace(point: Point): Place {
  let best = places[0] as Place;
  for (const place of places) {
    if (greatCircleKm(place, point) < greatCircleKm(best, point)) best = place;
  }
  return best;
}
