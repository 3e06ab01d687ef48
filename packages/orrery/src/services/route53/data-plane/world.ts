/**
 * Who would be sent where: the answer to one question at every place, as data for a table or a
 * map. Looks on, like `explain.ts`.
 */
import type { WireName } from '../../../wire/dns/name.ts';
import { regionOfIp } from '../../../world/addresses.ts';
import { type Place, places } from '../../../world/places.ts';
import { isRegion } from '../../../world/regions.ts';
import type { Explanation, World, WorldPlace } from '../api.ts';
import { type ExplainContext, explain } from './explain.ts';

/** The answers to one question at all places. The name is in lower case. */
export function worldOf(
  name: WireName,
  type: number,
  latencyMs: (place: Place, region: string) => number,
  context: ExplainContext,
): World {
  const explained = places.map((place) => ({
    place,
    explanation: explain(name, type, place, context),
  }));
  const first = explained[0]?.explanation;
  return {
    name: first?.name ?? '',
    type: first?.type ?? '',
    zoneId: first?.zoneId ?? null,
    dependsOnChance: explained.some(({ explanation }) => explanation.dependsOnChance),
    places: explained.map(({ place, explanation }) => placed(place, explanation, latencyMs)),
  };
}

function placed(
  place: Place,
  explanation: Explanation,
  latencyMs: (place: Place, region: string) => number,
): WorldPlace {
  const answers = explanation.answers.map(({ value }) => value);
  const region = regionOfAnswer(answers) ?? regionOfSteps(explanation);
  const chosen = chosenOf(explanation);
  return {
    place: place.name,
    responseCode: explanation.responseCode,
    answers,
    region,
    label: region ?? chosen.at(-1)?.setIdentifier ?? (answers.join(' ') || 'no answer'),
    latencyMs: region === null ? null : latencyMs(place, region),
  };
}

function regionOfAnswer(answers: readonly string[]): string | undefined {
  for (const answer of answers) {
    const region = regionOfIp(answer);
    if (region !== undefined) return region;
  }
  return undefined;
}

function chosenOf(explanation: Explanation) {
  return explanation.steps.flatMap(({ candidates }) => candidates.filter(({ chosen }) => chosen));
}

/** The innermost region that a chosen record names, by its Region or its location. */
function regionOfSteps(explanation: Explanation): string | null {
  for (const { region, location, setIdentifier } of chosenOf(explanation).toReversed()) {
    const named = [region, location?.split(' ')[0], setIdentifier];
    const found = named.find((each) => each !== null && each !== undefined && isRegion(each));
    if (found !== null && found !== undefined) return found;
  }
  return null;
}
