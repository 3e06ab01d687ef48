/**
 * Owns: the checks that DynamoDB makes on members one by one, before it looks at the request as a
 * whole; their failures are told together, up to ten.
 * Refuses to own: checks that need two members or the table.
 */
import { validationError } from './errors.ts';
import { javaText, lowerFirst } from './java-text.ts';

/** What a value must satisfy; returns the unsatisfied constraint's words. */
export type Constraint = (value: unknown) => string | Unsatisfied | undefined;

/** The same with the text that stands for the value. */
export interface Unsatisfied {
  readonly words: string;
  readonly value: string;
}

export type Rules = readonly (readonly [member: string, ...Constraint[]])[];

const problemsMax = 10;

export const required: Constraint = (value) =>
  value === undefined || value === null ? 'Member must not be null' : undefined;

/** The order of the values is AWS's own, as its messages show it. */
export function oneOf(...values: readonly string[]): Constraint {
  return (value) =>
    value === undefined || values.includes(value as string)
      ? undefined
      : `Member must satisfy enum value set: [${values.join(', ')}]`;
}

export function atLeast(minimum: number): Constraint {
  return (value) =>
    value === undefined || (value as number) >= minimum
      ? undefined
      : `Member must have value greater than or equal to ${minimum}`;
}

export function atMost(maximum: number): Constraint {
  return (value) =>
    value === undefined || (value as number) <= maximum
      ? undefined
      : `Member must have value less than or equal to ${maximum}`;
}

export function lengthAtLeast(minimum: number): Constraint {
  return (value) =>
    value === undefined || lengthOf(value) >= minimum
      ? undefined
      : `Member must have length greater than or equal to ${minimum}`;
}

/** `shape` is the model's name of a list that is shown as Java shows it. */
export function lengthAtMost(maximum: number, shape?: string): Constraint {
  const words = `Member must have length less than or equal to ${maximum}`;
  return (value) => {
    if (value === undefined || lengthOf(value) <= maximum) return undefined;
    return shape === undefined ? words : { words, value: `'${javaText(value, shape)}'` };
  };
}

export function matches(pattern: string): Constraint {
  const whole = new RegExp(`^(?:${pattern})$`);
  return (value) =>
    value === undefined || whole.test(value as string)
      ? undefined
      : `Member must satisfy regular expression pattern: ${pattern}`;
}

/** Throws `ValidationException` with all that is wrong. `prefix` stands before the members. */
export function checkConstraints(input: object, rules: Rules): void {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  throwProblems(problems);
}

export function collectProblems(
  input: object,
  rules: Rules,
  prefix: string,
  problems: string[],
): void {
  for (const rule of rules) {
    const name = rule[0];
    const value = (input as Record<string, unknown>)[name] ?? undefined;
    for (let i = 1; i < rule.length; i += 1) {
      const problem = (rule[i] as Constraint)(value);
      if (problem === undefined || problems.length >= problemsMax) continue;
      const { words, value: text } =
        typeof problem === 'string' ? { words: problem, value: shown(value) } : problem;
      problems.push(unsatisfied(text, prefix + lowerFirst(name), words));
      if (value === undefined) break;
    }
  }
}

/** One problem as it is told; the newer layer of checks shows no value. */
export function unsatisfied(value: string | undefined, at: string, words: string): string {
  const shownValue = value === undefined ? 'Value' : `Value ${value}`;
  return `${shownValue} at '${at}' failed to satisfy constraint: ${words}`;
}

export function throwProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const told = problems.slice(0, problemsMax);
  const plural = told.length > 1 ? 's' : '';
  const text = `${told.length} validation error${plural} detected: ${told.join('; ')}`;
  throw validationError(text);
}

function shown(value: unknown): string {
  if (value === undefined) return 'null';
  if (Array.isArray(value)) return `'[${value.map(plain).join(', ')}]'`;
  return `'${plain(value)}'`;
}

function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return Object.keys(value as object).length;
}
