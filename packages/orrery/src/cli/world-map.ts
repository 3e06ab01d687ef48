/**
 * A map of who is sent where: an SVG of every place in the colour of what answers it, over land in
 * the tint of its nearest place. Owns the picture. Refuses to own the answers (`World` of Route
 * 53). Pure.
 */
import type { World } from '../services/route53/api.ts';
import type { Point } from '../world/geometry.ts';
import { placeByName } from '../world/places.ts';
import { regionById } from '../world/regions.ts';
import { type Catchment, catchmentsOf, nearestCatchment } from './world-catchments.ts';
import { coasts } from './world-land.ts';

const width = 1200;
const mapHeight = 560;
const north = 78;
const south = -57;
const top = 70;
/** Degrees; land is tinted in cells of this size. */
const cell = 2;
/** The first eight distinct for people who see colours differently (Okabe and Ito), then others. */
const colours = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8a5a00',
  '#7a4fb5',
  '#c2185b',
  '#6b8e23',
  '#1f2a8a',
  '#ff8f7a',
  '#20a2aa',
  '#8c8c3c',
];
const unanswered = '#666666';

const style = `
.paper{fill:#fff}.ink{fill:#1b2733}.soft{fill:#5a6a78}.sea{fill:#eef3f7}.land{fill:#dde3e8}
.coast{fill:none;stroke:#aab6c0}.tint{opacity:.3}.dot{stroke:#fff}.region{font-weight:600;
paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}.lead{stroke:#5a6a78}.failed{fill:#fff;stroke:#666}
.cross{fill:none;stroke:#666;stroke-width:2px}
@media (prefers-color-scheme:dark){.paper{fill:#10171e}.ink{fill:#e6edf3}.soft{fill:#9fb0bf}
.sea{fill:#17212b}.land{fill:#2a3743}.coast{stroke:#4c5d6c}.tint{opacity:.4}.dot{stroke:#10171e}
.region{stroke:#10171e}.lead{stroke:#9fb0bf}.failed{fill:#10171e;stroke:#9fb0bf}
.cross{stroke:#9fb0bf}}`;

const x = ({ lon }: Point): number => round(((lon + 180) / 360) * width);
const y = ({ lat }: Point): number => round(top + ((north - lat) / (north - south)) * mapHeight);
const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

interface Painted extends Catchment {
  readonly colour: string;
}

function coastPath(): string {
  return coasts
    .map((ring) => `M${ring.map((point) => `${x(point)},${y(point)}`).join(' ')}Z`)
    .join('');
}

/** Cells of land by the catchment of their nearest place, neighbours in a row as one. */
function tints(painted: readonly Painted[]): string[] {
  const nearest = nearestCatchment(painted);
  const paths = painted.map(() => '');
  for (let lat = north; lat > south; lat -= cell) {
    const height = round(y({ lat: lat - cell, lon: 0 }) - y({ lat, lon: 0 }));
    for (let from = -180; from < 180; ) {
      const owner = nearest({ lat: lat - cell / 2, lon: from + cell / 2 });
      let to = from + cell;
      const isOwn = (lon: number) =>
        nearest({ lat: lat - cell / 2, lon: lon + cell / 2 }) === owner;
      while (to < 180 && isOwn(to)) to += cell;
      const [left, right] = [x({ lat, lon: from }), x({ lat, lon: to })];
      paths[owner] =
        `${paths[owner] ?? ''}M${left},${y({ lat, lon: 0 })}H${right}v${height}H${left}Z`;
      from = to;
    }
  }
  return paths.flatMap((path, i) =>
    path === '' ? [] : [`<path fill="${painted[i]?.colour ?? unanswered}" d="${path}"/>`],
  );
}

function dots({ places, colour, label }: Painted): string[] {
  return places.flatMap(({ place: name, latencyMs }) => {
    const place = placeByName(name);
    if (place === undefined) return [];
    const away = latencyMs === null ? '' : `, ${Math.round(latencyMs)} ms`;
    const title = escaped(`${place.displayName} → ${label}${away}`);
    return [
      `<circle cx="${x(place)}" cy="${y(place)}" r="4.5" fill="${colour}"><title>${title}</title></circle>`,
    ];
  });
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** From a point to a box; 0 inside. */
const gap = (cx: number, cy: number, box: Box): number =>
  Math.hypot(
    Math.max(box.left - cx, cx - box.right, 0),
    Math.max(box.top - cy, cy - box.bottom, 0),
  );

const around = (cx: number, cy: number, radius: number): Box => ({
  left: cx - radius,
  top: cy - radius,
  right: cx + radius,
  bottom: cy + radius,
});

/**
 * Where a label may stand, in lines from its diamond: beside it first, then farther and farther up
 * and down, where a line must lead to it.
 */
const positions: readonly (readonly [dx: number, dy: number])[] = [
  [1, -0.6],
  [-1, -0.6],
  [1, 0.9],
  [-1, 0.9],
  [1, 0.15],
  [-1, 0.15],
  [0, -1],
  [0, 1.3],
  ...[2.2, 3.4, 4.6, 5.8].flatMap((dy) =>
    [1, -1, 0].flatMap((dx): [number, number][] => [
      [dx, -dy],
      [dx, dy],
    ]),
  ),
];
/** Positions before this one need no line. */
const besides = 8;

/** Regions as diamonds, with labels that keep off each other, the diamonds and most dots. */
function markers(painted: readonly Painted[]): string[] {
  const regions = painted.flatMap((one) => {
    const region = regionById(one.label);
    return region === undefined ? [] : [{ one, cx: x(region), cy: y(region) }];
  });
  const diamonds = regions.map(({ cx, cy }) => around(cx, cy, 10));
  const circles = painted.flatMap(({ places }) =>
    places.flatMap(({ place }) => {
      const at = placeByName(place);
      return at === undefined ? [] : [around(x(at), y(at), 5)];
    }),
  );
  const labels: Box[] = [];
  const map: Box = { left: 4, top: top + 4, right: width - 4, bottom: top + mapHeight - 4 };
  return regions.flatMap(({ one, cx, cy }) => {
    const text = one.failed ? `${one.label} (failed)` : one.label;
    const long = text.length * 8;
    const boxes = positions.map(([dx, dy]): Box => {
      const left = dx === 0 ? cx - long / 2 : dx > 0 ? cx + 13 : cx - 13 - long;
      const middle = cy + dy * 14;
      return { left, top: middle - 9, right: left + long, bottom: middle + 7 };
    });
    const cost = (box: Box, position: number): number =>
      (position < besides ? 0 : 4 + position) +
      (box.left < map.left || box.right > map.right ? 1000 : 0) +
      (box.top < map.top || box.bottom > map.bottom ? 1000 : 0) +
      regions.filter((other) => gap(other.cx, other.cy, box) < gap(cx, cy, box)).length * 20 +
      labels.filter((other) => overlap(box, other)).length * 500 +
      diamonds.filter((other) => overlap(box, other)).length * 100 +
      circles.filter((other) => overlap(box, other)).length;
    const costs = boxes.map(cost);
    const position = costs.indexOf(Math.min(...costs));
    const best = boxes[position];
    if (best === undefined) return [];
    labels.push(best);
    const end = Math.min(best.right, Math.max(best.left, cx));
    const lead = `M${cx},${cy}L${round(end)},${round((best.top + best.bottom) / 2)}`;
    return [
      ...(position < besides ? [] : [`<path class="lead" d="${lead}"/>`]),
      diamond(cx, cy, one),
      `<text class="ink region" x="${round(best.left)}" y="${round(best.bottom - 3)}">${escaped(text)}</text>`,
    ];
  });
}

function diamond(cx: number, cy: number, { failed, colour }: Painted): string {
  const paint = failed ? 'class="failed"' : `class="dot" fill="${colour}"`;
  const cross = failed
    ? `<path class="cross" d="M${round(cx - 5)},${round(cy - 5)}l10,10m0,-10l-10,10"/>`
    : '';
  const shape = `M${cx},${round(cy - 10)}l10,10 -10,10 -10,-10Z`;
  return `<path ${paint} stroke-width="2" d="${shape}"/>${cross}`;
}

function legend(painted: readonly Painted[]): string[] {
  return painted.map(({ label, places, meanMs, failed, colour }, i) => {
    const [left, at] = [20 + (i % 3) * 395, top + mapHeight + 28 + Math.floor(i / 3) * 24];
    const count = `${places.length} ${places.length === 1 ? 'place' : 'places'}`;
    const away = meanMs === undefined ? '' : `, ${Math.round(meanMs)} ms on average`;
    const text = failed && places.length === 0 ? 'taken as failed' : `${count}${away}`;
    const swatch =
      failed && places.length === 0
        ? `<path class="cross" d="M${left + 1},${at - 10}l10,10m0,-10l-10,10"/>`
        : `<circle cx="${left + 6}" cy="${at - 5}" r="6" fill="${colour}"/>`;
    return `${swatch}<text class="ink" x="${left + 20}" y="${at}">${escaped(`${label}: ${text}`)}</text>`;
  });
}

/** The picture. `down` is what was taken as failed, for the title. */
export function worldMap(world: World, down: readonly string[]): string {
  const painted: readonly Painted[] = catchmentsOf(world, down).map((one, i) => ({
    ...one,
    colour: one.answered || one.failed ? (colours[i % colours.length] ?? unanswered) : unanswered,
  }));
  const height = top + mapHeight + 20 + Math.ceil(painted.length / 3) * 24 + 10;
  const without = down.length === 0 ? '' : `, if ${down.join(', ')} failed`;
  const title = escaped(`${world.name.replace(/(.)\.$/, '$1')} ${world.type}${without}`);
  const chance = world.dependsOnChance ? ' One draw of several: the answer hangs on chance.' : '';
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14">`,
    `<style>${style}</style>`,
    `<defs><path id="coast" d="${coastPath()}"/><clipPath id="on-land"><use href="#coast"/></clipPath>`,
    `<clipPath id="map"><rect y="${top}" width="${width}" height="${mapHeight}"/></clipPath></defs>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="ink" x="20" y="32" font-size="22" font-weight="600">${title}</text>`,
    `<text class="soft" x="20" y="55">A dot is a place, in the colour of what answers it; land has the tint of its nearest place; a diamond is a region.${chance}</text>`,
    '<g clip-path="url(#map)">',
    `<rect class="sea" y="${top}" width="${width}" height="${mapHeight}"/>`,
    '<use class="land" href="#coast"/>',
    '<g class="tint" clip-path="url(#on-land)">',
    ...tints(painted),
    '</g>',
    '<use class="coast" href="#coast"/>',
    '</g>',
    '<g class="dot" stroke-width="1">',
    ...painted.flatMap(dots),
    '</g>',
    ...markers(painted),
    ...legend(painted),
    '</svg>',
  ].join('\n')}\n`;
}
