/**
 * Owns: the types of parsed expressions, before and after placeholders are put in. Pure types.
 *
 * "Parsed" trees depend on the text alone and are cached; "bound" trees belong to one request.
 */
import type { AttributeValue } from '../values/attribute-value.ts';

/** Names, list indexes, and `#references`, which no plain name can look like. */
export type ParsedPath = readonly (string | number)[];

/** The same with references resolved. */
export type Path = readonly (string | number)[];

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export interface ParsedFunction {
  readonly kind: 'function';
  readonly name: string;
  readonly args: readonly ParsedOperand[];
}

export type ParsedOperand =
  | { readonly kind: 'path'; readonly path: ParsedPath }
  | { readonly kind: 'value'; readonly reference: string }
  | ParsedFunction;

export type ParsedCondition =
  | { readonly kind: 'and' | 'or'; readonly args: readonly ParsedCondition[] }
  | { readonly kind: 'not'; readonly arg: ParsedCondition }
  | {
      readonly kind: 'compare';
      readonly operator: Comparator;
      readonly left: ParsedOperand;
      readonly right: ParsedOperand;
    }
  | { readonly kind: 'between'; readonly args: readonly [Arg, Arg, Arg] }
  | { readonly kind: 'in'; readonly operand: Arg; readonly list: readonly Arg[] }
  | ParsedFunction;

type Arg = ParsedOperand;

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'size'; readonly of: Operand };

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly args: readonly Condition[] }
  | { readonly kind: 'not'; readonly arg: Condition }
  | {
      readonly kind: 'compare';
      readonly operator: Comparator;
      readonly left: Operand;
      readonly right: Operand;
    }
  | { readonly kind: 'between'; readonly args: readonly [Operand, Operand, Operand] }
  | { readonly kind: 'in'; readonly operand: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'function'; readonly name: string; readonly args: readonly Operand[] };

/** Right side of `SET path = …`. */
export type ParsedSetValue =
  | ParsedOperand
  | {
      readonly kind: 'sum';
      readonly operator: '+' | '-';
      readonly args: readonly [ParsedSetValue, ParsedSetValue];
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly ParsedSetValue[];
    };

export type ParsedAction =
  | { readonly kind: 'SET'; readonly path: ParsedPath; readonly value: ParsedSetValue }
  | { readonly kind: 'REMOVE'; readonly path: ParsedPath }
  | { readonly kind: 'ADD' | 'DELETE'; readonly path: ParsedPath; readonly reference: string };

export type SetValue =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | {
      readonly kind: 'sum';
      readonly operator: '+' | '-';
      readonly args: readonly [SetValue, SetValue];
    }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: SetValue }
  | { readonly kind: 'list_append'; readonly args: readonly [SetValue, SetValue] };

export type Action =
  | { readonly kind: 'SET'; readonly path: Path; readonly value: SetValue }
  | { readonly kind: 'REMOVE'; readonly path: Path }
  | { readonly kind: 'ADD' | 'DELETE'; readonly path: Path; readonly value: AttributeValue };

/** `[a, b, [0]]`, as errors show it. */
export function pathText(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}

export function equalPaths(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}
