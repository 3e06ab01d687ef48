/**
 * Owns: the names a function goes by: bare name, partial ARN, ARN, each with a qualifier or not.
 * Refuses to own: whether the function exists.
 */
import { constraint, resourceNotFound } from './errors.ts';

const pattern =
  /^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:([a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

const rule =
  'Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?' +
  '([a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)' +
  '(:(\\$LATEST|[a-zA-Z0-9-_]+))?';

export interface FunctionName {
  readonly name: string;
  /** `$LATEST` where none was given. */
  readonly qualifier: string;
}

const bareName = /^[a-zA-Z0-9-_]{1,64}$/;

/** Throws a validation error for what is no function name at all. */
export function parseFunctionName(text: string, qualifier?: string): FunctionName {
  if (qualifier === undefined && bareName.test(text)) return { name: text, qualifier: '$LATEST' };
  if (text.length > 170) {
    throw constraint(text, 'functionName', 'Member must have length less than or equal to 170');
  }
  const match = pattern.exec(text);
  const name = match?.[3];
  if (match === null || name === undefined) throw constraint(text, 'functionName', rule);
  if (name.length > 64) {
    throw constraint(text, 'functionName', 'Member must have length less than or equal to 64');
  }
  return { name, qualifier: qualifier ?? match[4] ?? '$LATEST' };
}

export function functionArn(region: string, accountId: string, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}

/** The name in a function ARN as tags and policies use it. Throws where it is none. */
export function nameOfArn(arn: string): string {
  const name = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:([a-zA-Z0-9-_]+)/.exec(arn)?.[1];
  if (name === undefined) throw resourceNotFound(`The resource you requested does not exist.`);
  return name;
}
