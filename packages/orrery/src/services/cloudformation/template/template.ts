/**
 * What a CloudFormation template is, once it is known to have that form. Owns the types and how a name is looked up. Refuses
 * to own reading (`parse.ts`) and meaning (`evaluate.ts`).
 */

/** A member that the map itself has: names come from users, and `constructor` may be one. */
export function own<T>(map: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

/** What JSON can hold. */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [name: string]: Value };

export type Properties = Readonly<Record<string, Value>>;

export interface Template {
  readonly description?: string;
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  readonly mappings: Readonly<Record<string, Value>>;
  readonly conditions: Readonly<Record<string, Value>>;
  readonly resources: Readonly<Record<string, ResourceDeclaration>>;
  readonly outputs: Readonly<Record<string, OutputDeclaration>>;
}

export interface ParameterDeclaration {
  readonly type: string;
  readonly default?: string;
  readonly description?: string;
  readonly allowedValues?: readonly string[];
  readonly allowedPattern?: string;
  readonly constraintDescription?: string;
  readonly noEcho: boolean;
}

export interface ResourceDeclaration {
  readonly type: string;
  readonly properties: Properties;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
}

export interface OutputDeclaration {
  readonly value: Value;
  readonly description?: string;
  readonly condition?: string;
  readonly exportName?: Value;
}
