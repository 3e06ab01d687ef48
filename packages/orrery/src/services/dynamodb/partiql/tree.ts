/**
 * Owns: what a PartiQL statement is once parsed. Pure types.
 *
 * Conditions and updates are the trees of `expressions/`, so that their semantics are one; a value in
 * them is a reference (`:0`, `:1`, …) into the statement's list of values.
 */
import type { ParsedAction, ParsedCondition, ParsedPath } from '../expressions/tree.ts';
import type { AttributeValue } from '../values/attribute-value.ts';

/** A value as it is written; parameters may stand anywhere in it. */
export type ParsedValue =
  | { readonly kind: 'literal'; readonly value: AttributeValue }
  | { readonly kind: 'parameter'; readonly index: number }
  | { readonly kind: 'list' | 'set'; readonly of: readonly ParsedValue[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, ParsedValue])[] };

export interface Order {
  readonly name: string;
  readonly descending: boolean;
}

export type Returning = 'ALL_OLD' | 'ALL_NEW' | 'MODIFIED_OLD' | 'MODIFIED_NEW';

interface Common {
  readonly tableName: string;
  readonly values: readonly ParsedValue[];
  /** How many `?` there are. */
  readonly parameters: number;
}

export interface Select extends Common {
  readonly kind: 'SELECT';
  readonly indexName: string | undefined;
  /** Undefined for `*`. */
  readonly paths: readonly ParsedPath[] | undefined;
  readonly where: ParsedCondition | undefined;
  readonly order: readonly Order[];
  /** Inside `EXISTS( )`: a condition of a transaction. */
  readonly exists: boolean;
}

export interface Insert extends Common {
  readonly kind: 'INSERT';
  readonly item: ParsedValue & { readonly kind: 'map' };
}

export interface Update extends Common {
  readonly kind: 'UPDATE';
  readonly actions: readonly ParsedAction[];
  readonly where: ParsedCondition;
  readonly returning: Returning | undefined;
}

export interface Delete extends Common {
  readonly kind: 'DELETE';
  readonly where: ParsedCondition;
  readonly returning: Returning | undefined;
}

export type Statement = Select | Insert | Update | Delete;
