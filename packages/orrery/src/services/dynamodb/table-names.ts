/**
 * Owns: names of tables as parameters give them: a name, or an ARN of this region.
 */

import { type Constraint, lengthAtLeast, lengthAtMost, matches, required } from './constraints.ts';
import { validationError } from './errors.ts';

const name = /^[a-zA-Z0-9_.-]+$/;
const arn = /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):\d{12}:table\/([a-zA-Z0-9_.-]+)$/;

/** Of an index, or of a table that is to be: no ARN. */
export const nameConstraints: readonly Constraint[] = [
  matches('[a-zA-Z0-9_.-]+'),
  lengthAtLeast(3),
  lengthAtMost(255),
];

/** Throws where the parameter is absent: DynamoDB tells that before anything else. */
export function requireTableName(tableName: unknown): asserts tableName is string {
  if (tableName === undefined || tableName === null) {
    throw validationError(
      "The parameter 'TableName' is required but was not present in the request",
    );
  }
}

/** Length and characters of a name; an ARN is looked at when the table is looked for. */
const form: readonly Constraint[] = [
  (value) => {
    const text = value as string;
    if (text.startsWith('arn:')) return undefined;
    return text.length > 255 ? 'Member must have length less than or equal to 255' : undefined;
  },
  (value) => {
    const text = value as string;
    if (text === '' || text.startsWith('arn:') || name.test(text)) return undefined;
    return 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+';
  },
];

/** The control plane's. */
export const tableNameConstraints: readonly Constraint[] = [
  (value) => short(value, 3, 'greater than or equal to 3'),
  ...form,
];

/** The data plane's: it lets any name pass that a table might have had once. */
export const servedNameConstraints: readonly Constraint[] = [
  required,
  (value) => short(value, 1, 'greater than or equal to 1'),
  ...form,
];

/** What is wrong with a name or ARN, if anything. */
export function servedNameProblem(text: string): string | undefined {
  for (const constraint of servedNameConstraints) {
    const problem = constraint(text);
    if (problem !== undefined) return typeof problem === 'string' ? problem : problem.words;
  }
  return undefined;
}

function short(value: unknown, minimum: number, words: string): string | undefined {
  return (value as string).length < minimum ? `Member must have length ${words}` : undefined;
}

/** The name in a name or an ARN; of a foreign ARN the ARN itself, which names no table here. */
export function tableNameOf(nameOrArn: string, region: string): string {
  if (!nameOrArn.startsWith('arn:')) return nameOrArn;
  const match = arn.exec(nameOrArn);
  return match?.[1] === region && match[2] !== undefined ? match[2] : nameOrArn;
}

export function tableArn(region: string, accountId: string, tableName: string): string {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${tableName}`;
}
