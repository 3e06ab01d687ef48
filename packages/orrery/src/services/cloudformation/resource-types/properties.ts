/**
 * Reads properties of a resource as the type its API wants: CloudFormation lets `"512"` stand for
 * a number and `"true"` for a boolean. Owns AWS's words for what is missing or of another type.
 */
import { ResourceFailure } from '../engine/resource-failure.ts';
import type { Properties, Value } from '../template/template.ts';

export function requiredText(properties: Properties, name: string): string {
  const value = optionalText(properties, name);
  if (value === undefined) {
    throw new ResourceFailure(
      `Properties validation failed: [#: required key [${name}] not found]`,
    );
  }
  return value;
}

export function optionalText(properties: Properties, name: string): string | undefined {
  const value = properties[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') throw wrongType(name, 'String', value);
  return String(value);
}

export function optionalNumber(properties: Properties, name: string): number | undefined {
  const text = optionalText(properties, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw wrongType(name, 'Number', text);
  return number;
}

export function optionalBoolean(properties: Properties, name: string): boolean | undefined {
  const text = optionalText(properties, name);
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw wrongType(name, 'Boolean', text);
  return text === 'true';
}

export function optionalObject(properties: Properties, name: string): Properties | undefined {
  const value = properties[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(name, 'JSONObject', value);
  return value as Properties;
}

/** The items of a list; none where the property is absent. */
export function listOf(properties: Properties, name: string): readonly Value[] {
  const value = properties[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(name, 'JSONArray', value);
  return value;
}

export function objectsOf(properties: Properties, name: string): readonly Properties[] {
  return listOf(properties, name).map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      throw wrongType(name, 'JSONObject', item);
    }
    return item as Properties;
  });
}

export function textsOf(properties: Properties, name: string): readonly string[] {
  return listOf(properties, name).map((item) => {
    if (typeof item === 'object') throw wrongType(name, 'String', item);
    return String(item);
  });
}

/** A policy or other document that the API takes as text: given as text or as an object. */
export function documentText(properties: Properties, name: string): string {
  const value = properties[name];
  if (value === undefined) return requiredText(properties, name);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * The properties of those names that are there, for APIs whose members are called the same. Texts
 * that hold numbers or booleans are turned into them where the names are listed as such.
 */
export function pick(
  properties: Properties,
  names: readonly string[],
  as: { readonly numbers?: readonly string[]; readonly booleans?: readonly string[] } = {},
): Record<string, Value> {
  const picked: Record<string, Value> = {};
  for (const name of names) {
    const value = properties[name];
    if (value !== undefined) picked[name] = value;
  }
  for (const name of as.numbers ?? []) {
    const value = optionalNumber(properties, name);
    if (value !== undefined) picked[name] = value;
  }
  for (const name of as.booleans ?? []) {
    const value = optionalBoolean(properties, name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** `[{Key, Value}]` as the map that Lambda and API Gateway take. */
export function tagMap(properties: Properties, name = 'Tags'): Record<string, string> | undefined {
  const value = properties[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) {
    return Object.fromEntries(
      Object.entries(value as Properties).map(([key, one]) => [key, String(one)]),
    );
  }
  return Object.fromEntries(
    objectsOf(properties, name).map((tag) => [
      requiredText(tag, 'Key'),
      requiredText(tag, 'Value'),
    ]),
  );
}

/** Drops members that are undefined, for inputs under exact optional types. */
export function defined(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

function wrongType(name: string, wanted: string, value: Value): ResourceFailure {
  return new ResourceFailure(
    `Properties validation failed: [#/${name}: expected type: ${wanted}, found: ${JSON.stringify(value)}]`,
  );
}
