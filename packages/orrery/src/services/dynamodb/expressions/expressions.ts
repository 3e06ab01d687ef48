/**
 * Owns: the way from an expression parameter's text to a bound expression, with DynamoDB's words for
 * what is wrong with it. The one door to this folder for operations.
 */
import { validationError } from '../errors.ts';
import { bindCondition } from './bind-condition.ts';
import { bindProjection, bindUpdate } from './bind-update.ts';
import { remembering } from './cache.ts';
import { parseCondition } from './condition-parser.ts';
import type { Placeholders } from './placeholders.ts';
import { ExpressionProblem } from './problem.ts';
import type { Action, Condition, Path } from './tree.ts';
import { parseProjection, parseUpdate } from './update-parser.ts';

const bytesMax = 4096;

const cachedCondition = remembering(parseCondition);
const cachedUpdate = remembering(parseUpdate);
const cachedProjection = remembering(parseProjection);

export type ConditionParameter =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression';

export function bindConditionText(
  parameter: ConditionParameter,
  text: string,
  given: Placeholders,
): Condition {
  return worded(parameter, text, () => bindCondition(cachedCondition(text), given));
}

export function bindUpdateText(text: string, given: Placeholders): readonly Action[] {
  return worded('UpdateExpression', text, () => bindUpdate(cachedUpdate(text), given));
}

export function bindProjectionText(text: string, given: Placeholders): readonly Path[] {
  return worded('ProjectionExpression', text, () => bindProjection(cachedProjection(text), given));
}

function worded<T>(parameter: string, text: string, bind: () => T): T {
  if (text.trim() === '') {
    throw validationError(`Invalid ${parameter}: The expression can not be empty;`);
  }
  if (text.length > bytesMax / 3 && Buffer.byteLength(text) > bytesMax) {
    throw validationError(
      `Invalid ${parameter}: Expression size has exceeded the maximum allowed size; ` +
        `expression size: ${Buffer.byteLength(text)}`,
    );
  }
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    throw validationError(`Invalid ${parameter}: ${error.message}`);
  }
}
