/**
 * Who is sent where, for pictures of it: places by what answers them. Owns the grouping and its
 * order, so that pictures of one name with and without failures can be laid side by side. Pure.
 */
import type { World, WorldPlace } from '../services/route53/api.ts';
import { greatCircleKm, type Point } from '../world/geometry.ts';
import { placeByName } from '../world/places.ts';
import { isRegion } from '../world/regions.ts';

export interface Catchment {
  /** A region, else a set identifier, else the values. */
  readonly label: string;
  readonly places: readonly WorldPlace[];
  /** Whether anything answers these places. */
  readonly answered: boolean;
  /** Taken as failed for this question. */
  readonly failed: boolean;
  readonly meanMs: number | undefined;
}

/** In the order of their labels; regions that were taken as failed are among them, with none. */
export function catchmentsOf(world: World, down: readonly string[]): readonly Catchment[] {
  const byLabel = new Map<string, WorldPlace[]>(down.filter(isRegion).map((id) => [id, []]));
  for (const place of world.places) {
    const known = byLabel.get(place.label);
    if (known === undefined) byLabel.set(place.label, [place]);
    else known.push(place);
  }
  return [...byLabel.keys()].sort().map((label) => {
    const places = byLabel.get(label) ?? [];
    const times = places.map(({ latencyMs }) => latencyMs).filter((ms) => ms !== null);
    return {
      label,
      places,
      answered: places.some(({ answers }) => answers.length > 0),
      failed: down.includes(label),
      meanMs:
        times.length === 0 ? undefined : times.reduce((sum, ms) => sum + ms, 0) / times.length,
    };
  });
}

/** The catchment of the place that is nearest to a point, by its index. */
export function nearestCatchment(catchments: readonly Catchment[]): (point: Point) => number {
  const places = catchments.flatMap(({ places: own }, index) =>
    own.flatMap(({ place: name }) => {
      const place = placeByName(name);
      return place === undefined ? [] : [{ place, index }];
    }),
  );
  return (point) => {
    let best = -1;
    let bestKm = Number.POSITIVE_INFINITY;
    for (const { place, index } of places) {
      const km = greatCircleKm(place, point);
      if (km < bestKm) {
        bestKm = km;
        best = index;
      }
    }
    return best;
  };
}
