/**
 * A map of who is sent where: an SVG of every place in the colour of what answers it.
 * Owns the picture. Refuses to own the answers (`World` of Route 53). Pure.
 */
import type { World, WorldPlace } from '../services/route53/api.ts';
import type { Point } from '../world/geometry.ts';
import { placeByName } from '../world/places.ts';
import { regionById } from '../world/regions.ts';

const width = 1200;
const mapHeight = 560;
const north = 75;
const south = -58;
const top = 70;
/** Distinct for people who see colours differently (Okabe and Ito), then repeated. */
const colours = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8a5a00',
  '#7a4fb5',
];
const unanswered = '#666666';

/** Coasts drawn by hand, a dozen or two of points each: longitude, latitude. */
const coasts: readonly string[] = [
  // The Americas.
  `-168,66 -156,71 -140,70 -125,70 -110,68 -95,69 -88,67 -94,60 -92,57 -82,55 -80,51 -78,56 -77,62
   -70,61 -65,59 -60,55 -56,52 -65,50 -60,46 -66,44 -70,42 -74,40 -76,35 -81,31 -80,26 -82,29 -84,30
   -90,29 -97,28 -97,22 -94,18 -90,21 -87,21 -88,16 -83,15 -83,10 -77,8 -72,12 -62,10 -52,5 -50,0
   -44,-3 -35,-6 -39,-14 -41,-22 -48,-26 -54,-34 -58,-38 -65,-43 -68,-51 -69,-55 -74,-51 -73,-40
   -71,-30 -70,-18 -76,-14 -81,-5 -80,1 -77,7 -80,8 -85,10 -88,13 -95,16 -105,20 -109,25 -113,31
   -110,23 -116,30 -121,35 -124,41 -124,48 -130,54 -137,58 -146,61 -152,59 -160,56 -163,60 -168,66`,
  // Greenland.
  '-73,75 -60,75 -20,75 -22,70 -33,67 -43,60 -50,63 -54,68 -58,74',
  // Europe and Asia.
  `-9,43 -9,37 -5,36 0,39 3,42 8,44 12,42 16,38 18,40 14,44 14,45 19,42 23,36 24,40 27,37 36,37 35,32
   34,28 39,21 43,13 52,16 59,22 56,25 51,25 48,30 57,26 62,25 67,24 72,20 74,15 77,8 80,13 80,16 87,21
   91,22 94,17 98,16 98,9 103,2 100,8 100,13 105,9 109,12 106,18 109,21 114,22 119,25 122,30 119,35
   122,37 118,39 121,40 125,39 126,34 129,36 128,39 132,43 140,48 141,53 136,55 143,59 155,59 160,61
   156,51 163,57 171,60 179,63 179,68 160,70 140,72 130,71 113,74 100,75 85,74 70,73 67,69 55,69 44,68
   40,65 33,67 41,67 30,70 20,70 13,66 5,61 6,58 11,59 13,55 17,58 18,62 24,65 22,60 30,60 24,57 20,54
   10,54 8,57 8,54 4,52 -1,49 -4,48 -1,45 -2,43 -9,43`,
  // Africa.
  `-6,36 -10,31 -17,21 -17,14 -13,8 -8,4 4,6 9,4 9,-1 13,-6 12,-16 15,-26 18,-34 25,-34 32,-29 35,-24
   40,-16 39,-6 43,1 51,11 43,12 37,20 33,28 32,31 20,31 11,34 10,37 0,36`,
  // Australia, New Zealand, Madagascar.
  `114,-22 113,-26 115,-34 124,-33 131,-31 138,-35 144,-38 150,-37 153,-28 146,-19 142,-11 140,-17
   136,-12 131,-12 122,-18`,
  '173,-35 178,-38 175,-41 172,-44 167,-46 171,-42 174,-40',
  '49,-12 50,-16 47,-25 44,-24 44,-17',
  // Great Britain, Ireland, Iceland.
  '-5,50 1,51 0,53 -2,57 -5,58 -3,54',
  '-10,52 -6,52 -6,55 -10,54',
  '-24,65 -18,63 -14,65 -20,66',
  // Japan, the Philippines, Sumatra, Java, Borneo, Sulawesi, New Guinea, Sri Lanka, Taiwan.
  '130,31 132,34 136,34 140,35 142,40 141,42 145,44 142,45 140,41 137,37 131,34',
  '120,18 122,17 124,13 126,7 122,7 120,14',
  '95,5 104,-3 106,-6 101,-3',
  '105,-6 114,-8 111,-6',
  '109,1 117,7 118,1 115,-4 110,-3',
  '119,-5 120,1 125,1 121,-1 123,-5',
  '131,-1 141,-3 147,-6 150,-10 144,-8 138,-8',
  '80,10 82,7 80,6',
  '120,23 122,25 121,22',
  // Cuba and Hispaniola.
  '-84,22 -77,20 -75,20 -80,23',
  '-74,20 -68,19 -72,18',
];

const x = ({ lon }: Point): number => round(((lon + 180) / 360) * width);
const y = ({ lat }: Point): number => round(top + ((north - lat) / (north - south)) * mapHeight);
const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function land(): string {
  const paths = coasts.map((coast) => {
    const points = coast.split(/\s+/).map((pair) => {
      const [lon = 0, lat = 0] = pair.split(',').map(Number);
      return `${x({ lat, lon })},${y({ lat, lon })}`;
    });
    return `M${points.join(' ')}Z`;
  });
  return `<path class="land" d="${paths.join('')}"/>`;
}

/** What answers, most places first, each with its colour. */
function catchments(world: World): Map<string, { colour: string; places: WorldPlace[] }> {
  const byLabel = new Map<string, WorldPlace[]>();
  for (const place of world.places) {
    byLabel.set(place.label, [...(byLabel.get(place.label) ?? []), place]);
  }
  const labels = [...byLabel.keys()].sort();
  return new Map(
    labels.map((label, i) => {
      const places = byLabel.get(label) ?? [];
      const answered = places.some(({ answers }) => answers.length > 0);
      const colour = answered ? (colours[i % colours.length] ?? unanswered) : unanswered;
      return [label, { colour, places }];
    }),
  );
}

function dots(of: readonly WorldPlace[], colour: string): string {
  return of
    .map(({ place: name, label, latencyMs }) => {
      const place = placeByName(name);
      if (place === undefined) return '';
      const away = latencyMs === null ? '' : `, ${Math.round(latencyMs)} ms`;
      const title = escaped(`${place.displayName} → ${label}${away}`);
      return `<circle cx="${x(place)}" cy="${y(place)}" r="4.5" fill="${colour}"><title>${title}</title></circle>`;
    })
    .join('\n');
}

function marker(label: string, colour: string): string {
  const region = regionById(label);
  if (region === undefined) return '';
  const [cx, cy] = [x(region), y(region)];
  const anchor = cx > width - 150 ? ['end', cx - 13] : ['start', cx + 13];
  return (
    `<rect x="${round(cx - 7)}" y="${round(cy - 7)}" width="14" height="14" fill="${colour}" ` +
    `stroke="#fff" stroke-width="2" transform="rotate(45 ${cx} ${cy})"/>` +
    `<text class="region" x="${round(Number(anchor[1]))}" y="${round(cy - 8)}" ` +
    `text-anchor="${anchor[0]}">${escaped(label)}</text>`
  );
}

/** The picture. `down` is what was taken as failed, for the title. */
export function worldMap(world: World, down: readonly string[]): string {
  const all = catchments(world);
  const rows = [...all].map(([label, { colour, places }], i) => {
    const known = places.map(({ latencyMs }) => latencyMs).filter((ms) => ms !== null);
    const mean = known.reduce((sum, ms) => sum + ms, 0) / known.length;
    const ms = known.length === 0 ? '' : `, ${Math.round(mean)} ms on average`;
    const [left, at] = [20 + (i % 3) * 395, top + mapHeight + 28 + Math.floor(i / 3) * 24];
    const text = escaped(`${label}: ${places.length} places${ms}`);
    return (
      `<circle cx="${left + 6}" cy="${at - 5}" r="6" fill="${colour}"/>` +
      `<text x="${left + 20}" y="${at}">${text}</text>`
    );
  });
  const height = top + mapHeight + 20 + Math.ceil(rows.length / 3) * 24 + 10;
  const without = down.length === 0 ? '' : `, if ${down.join(', ')} failed`;
  const title = escaped(`${world.name} ${world.type}${without}`);
  const chance = world.dependsOnChance ? ' One draw of several: the answer hangs on chance.' : '';
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="#1b2733">`,
    '<style>.sea{fill:#eef3f7}.land{fill:#d6dde3;stroke:#c2ccd4}.region{font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:3px}</style>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="20" y="32" font-size="22" font-weight="600">${title}</text>`,
    `<text x="20" y="55" fill="#5a6a78">Every dot is a place, in the colour of what answers it; a diamond is a region.${chance}</text>`,
    `<rect class="sea" y="${top}" width="${width}" height="${mapHeight}"/>`,
    land(),
    '<g stroke="#fff" stroke-width="1">',
    ...[...all.values()].map(({ colour, places }) => dots(places, colour)),
    '</g>',
    ...[...all].map(([label, { colour }]) => marker(label, colour)).filter((each) => each !== ''),
    ...rows,
    '</svg>',
  ].join('\n')}\n`;
}
