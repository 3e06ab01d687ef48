/**
 * Text to template: JSON, or YAML with CloudFormation's short tags (`!Ref`, `!GetAtt a.b`). Owns
 * the form: what a template must have, and AWS's words for what it lacks. Refuses to own meaning:
 * references are checked in `dependencies.ts`, values in `evaluate.ts`.
 *
 * P1  What is returned holds plain data only: no prototype of the text's choosing, bounded depth.
 */
import { validationError } from '../errors.ts';
import type {
  OutputDeclaration,
  ParameterDeclaration,
  Properties,
  ResourceDeclaration,
  Template,
  Value,
} from './template.ts';

/** AWS's bound for a template in S3; one in the request is bounded there. */
export const templateBytesMax = 1_048_576;
const resourcesMax = 500;
const depthMax = 64;

/** The template of a text. Throws ValidationError with AWS's message. */
export async function parseTemplate(body: string): Promise<Template> {
  if (body.length > templateBytesMax) {
    throw validationError(`Template may not exceed ${templateBytesMax} bytes in size.`);
  }
  const root = await parseText(body);
  if (!isObject(root)) throw formatError('unsupported structure.');
  if (root['Transform'] !== undefined) {
    const names = [root['Transform']].flat().map((one) => JSON.stringify(one));
    throw validationError(
      `Transforms are not built: ${names.join(', ')}. Give the template that it expands to.`,
    );
  }
  const resources = section(root, 'Resources');
  const names = Object.keys(resources);
  if (names.length === 0) {
    throw formatError('At least one Resources member must be defined.');
  }
  if (names.length > resourcesMax) {
    throw formatError(`Number of resources, ${names.length}, is greater than maximum allowed, 500`);
  }
  const description = root['Description'];
  return {
    ...(typeof description === 'string' ? { description } : {}),
    parameters: mapSection(root, 'Parameters', parseParameter),
    mappings: section(root, 'Mappings'),
    conditions: section(root, 'Conditions'),
    resources: mapSection(root, 'Resources', parseResource),
    outputs: mapSection(root, 'Outputs', parseOutput),
  };
}

async function parseText(body: string): Promise<Value> {
  if (/^\s*\{/.test(body)) {
    try {
      return checkDepth(JSON.parse(body) as Value);
    } catch (error) {
      // YAML is wider than JSON: `{a: b}` is a template too.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const { parseYaml } = await import('./yaml.ts');
  return checkDepth(parseYaml(body));
}

function checkDepth(value: Value, depth = 0): Value {
  if (depth > depthMax) throw formatError('the template is nested too deeply.');
  if (typeof value === 'object' && value !== null) {
    for (const [key, below] of Object.entries(value)) {
      if (key === '__proto__') throw formatError('__proto__ cannot be a name.');
      checkDepth(below, depth + 1);
    }
  }
  return value;
}

function parseParameter(name: string, raw: Properties): ParameterDeclaration {
  const type = raw['Type'];
  if (typeof type !== 'string') {
    throw formatError(`Every Parameters object must contain a Type member. (${name})`);
  }
  const { Default, Description, AllowedValues, AllowedPattern, ConstraintDescription } = raw;
  return {
    type,
    noEcho: raw['NoEcho'] === true || raw['NoEcho'] === 'true',
    ...(Default === undefined ? {} : { default: String(Default) }),
    ...(typeof Description === 'string' ? { description: Description } : {}),
    ...(Array.isArray(AllowedValues) ? { allowedValues: AllowedValues.map(String) } : {}),
    ...(typeof AllowedPattern === 'string' ? { allowedPattern: AllowedPattern } : {}),
    ...(typeof ConstraintDescription === 'string'
      ? { constraintDescription: ConstraintDescription }
      : {}),
  };
}

function parseResource(name: string, raw: Properties): ResourceDeclaration {
  if (!/^[A-Za-z0-9]{1,255}$/.test(name)) {
    throw formatError(`Resource name ${name} is non alphanumeric.`);
  }
  const type = raw['Type'];
  if (typeof type !== 'string' || type === '') {
    throw formatError(`[/Resources/${name}] Every Resources object must contain a Type member.`);
  }
  const properties = raw['Properties'] ?? {};
  if (!isObject(properties)) {
    throw formatError(`[/Resources/${name}/Properties] 'null' values are not allowed in templates`);
  }
  const dependsOn = raw['DependsOn'] === undefined ? [] : [raw['DependsOn']].flat();
  if (!dependsOn.every((one): one is string => typeof one === 'string')) {
    throw formatError(`[/Resources/${name}/DependsOn] must be a string or a list of strings`);
  }
  const condition = raw['Condition'];
  return {
    type,
    properties,
    dependsOn,
    deletionPolicy: String(raw['DeletionPolicy'] ?? 'Delete'),
    updateReplacePolicy: String(raw['UpdateReplacePolicy'] ?? 'Delete'),
    ...(typeof condition === 'string' ? { condition } : {}),
  };
}

function parseOutput(name: string, raw: Properties): OutputDeclaration {
  const { Value: value, Description, Condition, Export } = raw;
  if (value === undefined || value === null) {
    throw formatError(`Every Outputs member must contain a Value object. (${name})`);
  }
  const exportName = isObject(Export) ? Export['Name'] : undefined;
  return {
    value,
    ...(typeof Description === 'string' ? { description: Description } : {}),
    ...(typeof Condition === 'string' ? { condition: Condition } : {}),
    ...(exportName === undefined ? {} : { exportName }),
  };
}

function section(root: Properties, name: string): Properties {
  const value = root[name] ?? {};
  if (!isObject(value)) throw formatError(`[/${name}] must be an object`);
  return value;
}

function mapSection<T>(
  root: Properties,
  name: string,
  parse: (name: string, raw: Properties) => T,
): Record<string, T> {
  const parsed: Record<string, T> = {};
  for (const [key, raw] of Object.entries(section(root, name))) {
    if (!isObject(raw)) throw formatError(`[/${name}/${key}] must be an object`);
    parsed[key] = parse(key, raw);
  }
  return parsed;
}

/** Whether a value is a map: neither a list nor a scalar. */
export function isObject(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function formatError(what: string): ReturnType<typeof validationError> {
  return validationError(`Template format error: ${what}`);
}
