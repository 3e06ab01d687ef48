/**
 * `{{resolve:ssm:name}}` in properties, after the intrinsic functions have done their work. Owns
 * the form; `secretsmanager` and `ssm-secure` are refused by name.
 */
import { evaluate, type Scope } from '../template/evaluate.ts';
import type { Properties, Value } from '../template/template.ts';
import type { Engine } from './engine.ts';
import { ResourceFailure } from './resource-failure.ts';

const form = /\{\{resolve:([a-z-]+):([^}]+)\}\}/g;

/** Properties with functions and dynamic references replaced by their values. */
export async function resolveProperties(
  properties: Properties,
  scope: Scope,
  engine: Engine,
): Promise<Properties> {
  const evaluated = evaluate(properties, scope) as Properties;
  const text = JSON.stringify(evaluated);
  if (!text.includes('{{resolve:')) return evaluated;
  const values = new Map<string, string>();
  for (const [whole, service, reference] of text.matchAll(form)) {
    values.set(whole, await lookUp(service ?? '', reference ?? '', engine));
  }
  return replaceIn(evaluated, values) as Properties;
}

async function lookUp(service: string, reference: string, engine: Engine): Promise<string> {
  if (service !== 'ssm') {
    throw new ResourceFailure(`Dynamic references to ${service} are not built: ${reference}`);
  }
  const value = await readSsmParameter(engine, reference);
  if (value === undefined) {
    throw new ResourceFailure(
      `Parameters: [ssm:${reference}] cannot be found. Rollback requested by user.`,
    );
  }
  return value;
}

function replaceIn(value: Value, values: ReadonlyMap<string, string>): Value {
  if (typeof value === 'string') {
    return value.replace(form, (whole) => values.get(whole) ?? whole);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Value) => replaceIn(item, values));
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [key, replaceIn(below, values)]),
  );
}

/** The value of an SSM parameter of this region, or undefined where there is none. */
export async function readSsmParameter(engine: Engine, name: string): Promise<string | undefined> {
  const answer = await engine.caller.call<{ Parameters?: { Value?: string }[] }>(
    'ssm',
    'GetParameters',
    { Names: [name] },
    engine.region,
  );
  return answer.Parameters?.[0]?.Value;
}
