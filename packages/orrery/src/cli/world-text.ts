/**
 * Who is sent where, for a terminal: a map of letters with a line per catchment, or a table of all
 * places. Owns the look. Pure but for the colours, which a terminal alone gets.
 */
import type { World } from '../services/route53/api.ts';
import { placeByName } from '../world/places.ts';
import { regionById } from '../world/regions.ts';
import { type Colour, out, table } from './terminal.ts';
import { type Catchment, catchmentsOf } from './world-catchments.ts';
import { isLand } from './world-land.ts';

const north = 76;
const south = -56;
const letters = 'abcdefghijklmnopqrstuvwxyz';
const colours: readonly Colour[] = ['blue', 'yellow', 'green', 'red', 'cyan', 'bold'];

interface Lettered extends Catchment {
  readonly letter: string;
  readonly colour: Colour;
}

/** The map and what each letter is, within that many columns. */
export function worldText(world: World, down: readonly string[], columns: number): string {
  const width = Math.min(120, Math.max(60, columns));
  const all = catchmentsOf(world, down);
  const lettered = all.map((one, i): Lettered => {
    const letter = one.answered ? (letters[i] ?? '+') : '?';
    return { ...one, letter, colour: colours[i % colours.length] ?? 'bold' };
  });
  const without = down.length === 0 ? '' : `, if ${down.join(', ')} failed`;
  const chance = world.dependsOnChance ? ['One draw of several: the answer hangs on chance.'] : [];
  return [
    out('bold', `${world.name.replace(/(.)\.$/, '$1')} ${world.type}: who is sent where${without}`),
    ...chance,
    '',
    ...mapLines(lettered, width),
    '',
    summary(lettered),
  ].join('\n');
}

/** A line per place. */
export function worldTable(world: World): string {
  const rows = world.places.map(({ place, label, answers, latencyMs }) => [
    place,
    out('green', label),
    latencyMs === null ? '' : `${latencyMs.toFixed(0)} ms`,
    answers.join(' '),
  ]);
  return table(['PLACE', 'ANSWERED BY', 'AWAY', 'VALUES'], rows);
}

function mapLines(lettered: readonly Lettered[], width: number): string[] {
  // A character is about twice as high as wide.
  const height = Math.round((width * (north - south)) / 360 / 2);
  const column = (lon: number): number =>
    Math.min(width - 1, Math.floor(((lon + 180) / 360) * width));
  const row = (lat: number): number =>
    Math.min(height - 1, Math.max(0, Math.floor(((north - lat) / (north - south)) * height)));
  const cells = Array.from({ length: height }, (_, r) =>
    Array.from({ length: width }, (_, c) => {
      const lat = north - ((r + 0.5) / height) * (north - south);
      return isLand({ lat, lon: ((c + 0.5) / width) * 360 - 180 }) ? out('grey', '.') : ' ';
    }),
  );
  const set = (point: { lat: number; lon: number } | undefined, text: string): void => {
    if (point === undefined) return;
    const line = cells[row(point.lat)];
    if (line !== undefined) line[column(point.lon)] = text;
  };
  for (const { places, letter, colour } of lettered) {
    for (const { place } of places) set(placeByName(place), out(colour, letter));
  }
  for (const { label, letter, failed } of lettered) {
    set(regionById(label), failed ? 'X' : out('bold', letter.toUpperCase()));
  }
  return cells.map((line) => line.join('').trimEnd());
}

function summary(lettered: readonly Lettered[]): string {
  const rows = lettered.map(({ label, letter, colour, places, meanMs, failed }) => {
    const farthest = places.reduce<(typeof places)[number] | undefined>(
      (worst, each) => ((each.latencyMs ?? -1) > (worst?.latencyMs ?? -1) ? each : worst),
      undefined,
    );
    const mark = failed && places.length === 0 ? 'X' : out(colour, letter.toUpperCase());
    if (failed && places.length === 0) return [mark, label, '', '', 'taken as failed'];
    const worst = farthest?.latencyMs ?? null;
    return [
      mark,
      label,
      String(places.length),
      meanMs === undefined ? '' : `${meanMs.toFixed(0)} ms`,
      worst === null ? '' : `${worst.toFixed(0)} ms from ${farthest?.place}`,
    ];
  });
  return table(['', 'ANSWERED BY', 'PLACES', 'ON AVERAGE', 'AT MOST'], rows);
}
