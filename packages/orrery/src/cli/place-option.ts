/** Words for a place that is none, with those that a person may have meant. */
import { placesLike } from '../world/places.ts';
import { type CommandError, usageError } from './command.ts';

/** The error for an unknown place. */
export function noSuchPlace(name: string): CommandError {
  const like = placesLike(name, 3);
  const hint = like.length === 0 ? '' : ` Did you mean ${like.join(', ')}?`;
  return usageError(`There is no place "${name}".${hint} See: orrery places`);
}
