/**
 * Where there is land: coasts for pictures of the world. Owns nothing but the outlines' reading;
 * the data say where they come from. Pure.
 */
import type { Point } from '../world/geometry.ts';
import data from './land.json' with { type: 'json' };

/** Closed outlines; an outline inside another is a lake. */
export const coasts: readonly (readonly Point[])[] = data.rings.map((ring) =>
  ring.split(' ').map((pair) => {
    const [lon = 0, lat = 0] = pair.split(',').map(Number);
    return { lon: lon / 10, lat: lat / 10 };
  }),
);

/** Whether a point is on land. */
export function isLand({ lat, lon }: Point): boolean {
  let inside = false;
  for (const ring of coasts) {
    let before = ring.at(-1);
    for (const point of ring) {
      if (before !== undefined && point.lat > lat !== before.lat > lat) {
        const along = (lat - before.lat) / (point.lat - before.lat);
        if (lon < before.lon + along * (point.lon - before.lon)) inside = !inside;
      }
      before = point;
    }
  }
  return inside;
}
