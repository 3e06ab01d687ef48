/**
 * The intrinsic functions. Owns their meaning, given what every name stands for. Pure: what needs
 * the network (SSM parameters, dynamic references) has been fetched before.
 *
 * E1  What comes out holds no function: strings, numbers, booleans, lists, maps.
 * E2  `AWS::NoValue` takes its property, or its place in a list, with it.
 */
import { base64Encode, utf8Encode } from '../../../stdx/bytes.ts';
import { validationError } from '../errors.ts';
import { isObject } from './parse.ts';
import { own, type Properties, type Template, type Value } from './template.ts';

/** What names stand for while a template is evaluated. */
export interface Scope {
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  /** `AWS::Region` … without `AWS::NoValue`. */
  readonly pseudo: Readonly<Record<string, string | readonly string[]>>;
  /** Undefined where the resource has not been made (yet). */
  readonly ref: (logicalId: string) => string | undefined;
  readonly attribute: (logicalId: string, name: string) => Value | undefined;
  /** The value of another stack's export, or undefined. */
  readonly importValue: (name: string) => string | undefined;
  readonly availabilityZones: (region: string) => readonly string[];
}

/** A reference to a resource that does not exist yet. Caught by the plan, an error elsewhere. */
export class NotYetKnown extends Error {
  readonly logicalId: string;
  constructor(logicalId: string) {
    super(`${logicalId} has not been created`);
    this.name = 'NotYetKnown';
    this.logicalId = logicalId;
  }
}

/** `AWS::NoValue`, on its way to the place that drops it. */
const noValue = Symbol('AWS::NoValue');
type Result = Value | typeof noValue;

/** The value of an expression. Throws ValidationError, or `NotYetKnown`. */
export function evaluate(value: Value, scope: Scope): Value {
  const result = walk(value, scope);
  if (result === noValue) throw templateError('AWS::NoValue cannot stand here');
  return result;
}

/** Evaluates to a string. */
export function evaluateText(value: Value, scope: Scope, what: string): string {
  return text(evaluate(value, scope), what);
}

/** Whether a named condition of the template holds. */
export function conditionHolds(name: string, scope: Scope, depth = 0): boolean {
  const condition = own(scope.template.conditions, name);
  if (condition === undefined) {
    throw validationError(
      `Template format error: Unresolved dependencies [${name}]. ` +
        'Cannot reference conditions that are not defined in the template',
    );
  }
  if (depth > 32) throw validationError(`Template format error: condition ${name} is circular`);
  return truth(condition, scope, depth + 1);
}

function walk(value: Value, scope: Scope): Result {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item) => walk(item, scope)).filter((item): item is Value => item !== noValue);
  }
  const map = value as Properties;
  const [name, ...others] = Object.keys(map);
  if (name !== undefined && others.length === 0) {
    if (name === 'Ref') return reference(map[name] ?? null, scope);
    const run = own(functions, name);
    if (run !== undefined) return run(map[name] ?? null, scope);
    if (name.startsWith('Fn::')) throw templateError(`unknown function ${name}`);
  }
  const result: Record<string, Value> = {};
  for (const [key, below] of Object.entries(map)) {
    const evaluated = walk(below, scope);
    if (evaluated !== noValue) result[key] = evaluated;
  }
  return result;
}

function reference(argument: Value, scope: Scope): Result {
  const name = text(argument, 'Ref');
  if (name === 'AWS::NoValue') return noValue;
  const known = own(scope.pseudo, name) ?? own(scope.parameters, name);
  if (known !== undefined) return known;
  if (own(scope.template.resources, name) === undefined) {
    throw validationError(
      `Template format error: Unresolved resource dependencies [${name}] in the Resources block ` +
        'of the template',
    );
  }
  const ref = scope.ref(name);
  if (ref === undefined) throw new NotYetKnown(name);
  return ref;
}

function getAttribute(argument: Value, scope: Scope): Value {
  const [logicalId, name] = attributeParts(argument, scope);
  if (own(scope.template.resources, logicalId) === undefined) {
    throw templateError(`instance of Fn::GetAtt references undefined resource ${logicalId}`);
  }
  if (scope.ref(logicalId) === undefined) throw new NotYetKnown(logicalId);
  const attribute = scope.attribute(logicalId, name);
  if (attribute === undefined) {
    throw validationError(`Requested attribute ${name} does not exist in schema for ${logicalId}`);
  }
  return attribute;
}

function attributeParts(argument: Value, scope: Scope): readonly [string, string] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  const [logicalId, name] = list(argument, 'Fn::GetAtt', scope, 2);
  return [text(logicalId, 'Fn::GetAtt'), text(name, 'Fn::GetAtt')];
}

/** `${Name}`, `${Name.Attribute}`, `${!Literal}`. */
function substitute(argument: Value, scope: Scope): string {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  if (!isObject(variables)) throw templateError('the second part of Fn::Sub must be a map');
  return text(template, 'Fn::Sub').replace(/\$\{(!?)([^}]*)\}/g, (_whole, literal, inner) => {
    if (literal === '!') return `\${${inner}}`;
    const name = String(inner).trim();
    const variable = own(variables, name);
    if (variable !== undefined) return evaluateText(variable, scope, 'Fn::Sub');
    const value = name.includes('.') ? getAttribute(name, scope) : reference(name, scope);
    if (value === noValue) return '';
    return Array.isArray(value) ? value.join(',') : text(value, 'Fn::Sub');
  });
}

function truth(condition: Value, scope: Scope, depth: number): boolean {
  if (typeof condition === 'boolean') return condition;
  const [name, argument] = isObject(condition) ? (Object.entries(condition)[0] ?? []) : [];
  const each = (): readonly Value[] => (Array.isArray(argument) ? argument : []);
  switch (name) {
    case 'Condition':
      return conditionHolds(text(argument, 'Condition'), scope, depth);
    case 'Fn::Not':
      return !truth(each()[0] ?? false, scope, depth);
    case 'Fn::And':
      return each().every((one) => truth(one, scope, depth));
    case 'Fn::Or':
      return each().some((one) => truth(one, scope, depth));
    case 'Fn::Equals': {
      const [a, b] = each().map((one) => evaluate(one, scope));
      return sameValue(a, b);
    }
    case 'Fn::Contains': {
      const [items, item] = each().map((one) => evaluate(one, scope));
      return Array.isArray(items) && items.some((one) => sameValue(one, item));
    }
    default:
      throw templateError('every Condition must be a boolean function');
  }
}

function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  return typeof a === 'object' || typeof b === 'object'
    ? JSON.stringify(a) === JSON.stringify(b)
    : String(a) === String(b);
}

function findInMap(argument: Value, scope: Scope): Value {
  const parts = list(argument, 'Fn::FindInMap', scope, 3);
  const [map, top, second] = parts.slice(0, 3).map((part) => text(part, 'Fn::FindInMap'));
  const first = own(scope.template.mappings, map ?? '');
  const under = isObject(first) ? own(first, top ?? '') : undefined;
  const found = isObject(under) ? own(under, second ?? '') : undefined;
  if (found !== undefined) return found;
  const fallback = parts[3];
  if (isObject(fallback) && fallback['DefaultValue'] !== undefined) {
    return evaluate(fallback['DefaultValue'], scope);
  }
  throw templateError(`Unable to get mapping for ${map}::${top}::${second}`);
}

const functions: Readonly<Record<string, (argument: Value, scope: Scope) => Result>> = {
  'Fn::GetAtt': getAttribute,
  'Fn::Sub': substitute,
  'Fn::FindInMap': findInMap,
  'Fn::Join': (argument, scope) => {
    const [separator, items] = list(argument, 'Fn::Join', scope, 2);
    return list(items, 'Fn::Join', scope)
      .map((item) => text(item, 'Fn::Join'))
      .join(text(separator, 'Fn::Join'));
  },
  'Fn::Select': (argument, scope) => {
    const [index, items] = list(argument, 'Fn::Select', scope, 2);
    const found = list(items, 'Fn::Select', scope)[Number(index)];
    if (found === undefined || found === null) {
      throw templateError(`Fn::Select cannot select nonexistent value at index ${index}`);
    }
    return found;
  },
  'Fn::Split': (argument, scope) => {
    const [separator, source] = list(argument, 'Fn::Split', scope, 2);
    return text(source, 'Fn::Split').split(text(separator, 'Fn::Split'));
  },
  'Fn::If': (argument, scope) => {
    if (!Array.isArray(argument) || argument.length !== 3) {
      throw templateError('Fn::If requires a list argument with three elements');
    }
    const holds = conditionHolds(text(argument[0], 'Fn::If'), scope);
    return walk(argument[holds ? 1 : 2] ?? null, scope);
  },
  'Fn::Base64': (argument, scope) =>
    base64Encode(utf8Encode(evaluateText(argument, scope, 'Fn::Base64'))),
  'Fn::GetAZs': (argument, scope) => {
    const region = evaluateText(argument, scope, 'Fn::GetAZs');
    return scope.availabilityZones(region || String(scope.pseudo['AWS::Region']));
  },
  'Fn::ImportValue': (argument, scope) => {
    const name = evaluateText(argument, scope, 'Fn::ImportValue');
    const value = scope.importValue(name);
    if (value === undefined) throw validationError(`No export named ${name} found.`);
    return value;
  },
  'Fn::Length': (argument, scope) => list(argument, 'Fn::Length', scope).length,
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(evaluate(argument, scope)),
};

function list(
  argument: Value | undefined,
  name: string,
  scope: Scope,
  length?: number,
): readonly Value[] {
  const evaluated = argument === undefined ? null : evaluate(argument, scope);
  if (!Array.isArray(evaluated) || (length !== undefined && evaluated.length < length)) {
    const size = length === undefined ? '' : ` with ${length} elements`;
    throw templateError(`${name} requires a list argument${size}`);
  }
  return evaluated;
}

function text(value: Value | undefined, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw templateError(`${name} requires a string, not ${JSON.stringify(value)}`);
}

function templateError(what: string): ReturnType<typeof validationError> {
  return validationError(`Template error: ${what}`);
}
