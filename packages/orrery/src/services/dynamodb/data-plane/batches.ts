/**
 * Owns: what the two batch operations share: names of tables as members of a map, and that a batch
 * has every item once.
 */
import { unsatisfied } from '../constraints.ts';
import { validationError } from '../errors.ts';
import { javaText } from '../java-text.ts';
import { servedNameProblem } from '../table-names.ts';

const nameWords =
  'Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member ' +
  'must have length greater than or equal to 1, Member must satisfy regular expression pattern: ' +
  '[a-zA-Z0-9_.-]+]';

/** Adds a problem where one of the names cannot be a table's. `shape` is the map's in the model. */
export function collectNameProblems(requests: object, shape: string, problems: string[]): void {
  if (Object.keys(requests).every((name) => servedNameProblem(name) === undefined)) return;
  problems.push(unsatisfied(`'${javaText(requests, shape)}'`, 'requestItems', nameWords));
}

export function duplicateKeys(): Error {
  return validationError('Provided list of item keys contains duplicates');
}

/** Throws where two of the keys (their bytes) are one. */
export function refuseDuplicates(keys: readonly Buffer[]): void {
  if (new Set(keys.map((key) => key.toString('latin1'))).size < keys.length) throw duplicateKeys();
}
