/**
 * Owns: values as AWS's messages show them: the text that Java makes of an object.
 */
import json from '../../wire/generated/dynamodb.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';

const { shapes } = asModel(json);

/** Text of a value of that shape of the service's model: `KeySchemaElement(attributeName=a, …)`. */
export function javaText(value: unknown, shape: string): string {
  if (value === undefined || value === null) return 'null';
  const found = shapes[shape];
  if (typeof value !== 'object' || found === undefined) return String(value);
  switch (found.type) {
    case 'list': {
      const elements = (value as readonly unknown[]).map((one) =>
        javaText(one, ofRef(found.member)),
      );
      return `[${elements.join(', ')}]`;
    }
    case 'map': {
      const entries = Object.entries(value).map(
        ([key, one]) => `${key}=${javaText(one, ofRef(found.value))}`,
      );
      return `{${entries.join(', ')}}`;
    }
    case 'structure':
    case 'union': {
      const members = Object.entries(found.members).map(([name, ref]) => {
        const one = (value as Readonly<Record<string, unknown>>)[name];
        return `${lowerFirst(name)}=${javaText(one, ofRef(ref))}`;
      });
      return `${shape}(${members.join(', ')})`;
    }
    default:
      return String(value);
  }
}

function ofRef(ref: string | { readonly shape: string }): string {
  return typeof ref === 'string' ? ref : ref.shape;
}

export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
