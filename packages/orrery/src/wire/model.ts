/**
 * The compact service models that `scripts/extract-models.ts` writes into `wire/generated/`.
 * Owns their types and nothing else. Shapes are named; a member refers to its shape by name.
 */

export type Protocol = 'awsJson1_0' | 'awsJson1_1' | 'awsQuery' | 'restJson1' | 'restXml';

export interface ServiceModel {
  /** SDK package it was taken from, with its version: `@aws-sdk/client-dynamodb@3.1164.0`. */
  readonly source: string;
  readonly protocol: Protocol;
  readonly apiVersion: string;
  /** awsJson: prefix of X-Amz-Target, `DynamoDB_20120810`. */
  readonly target?: string;
  /** Namespace of the Smithy shapes, `com.amazonaws.dynamodb`: in JSON error types. */
  readonly namespace: string;
  /** restXml and awsQuery: XML namespace of answers. */
  readonly xmlNamespace?: string;
  readonly operations: Readonly<Record<string, OperationModel>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

export interface OperationModel {
  /** Names of structures in `shapes`; `Unit` is the empty one. */
  readonly input: string;
  readonly output: string;
  /** rest*: method, URI template with labels, status of success. */
  readonly http?: readonly [method: string, uri: string, status: number];
}

export type ScalarType = 'string' | 'boolean' | 'number' | 'blob' | 'timestamp' | 'document';

export type Shape =
  | { readonly type: ScalarType; readonly timestampFormat?: TimestampFormat }
  | { readonly type: 'list'; readonly member: MemberRef }
  | { readonly type: 'map'; readonly key: MemberRef; readonly value: MemberRef }
  | {
      readonly type: 'structure' | 'union';
      readonly members: Readonly<Record<string, MemberRef>>;
      readonly required?: readonly string[];
      /** Set on errors: code on the wire and HTTP status. */
      readonly error?: { readonly code: string; readonly status: number };
      readonly xmlName?: string;
    };

export type TimestampFormat = 'epoch-seconds' | 'date-time' | 'http-date';

/** A shape's name alone, where there is nothing more to say of the member. */
export type MemberRef = string | Member;

export interface Member {
  readonly shape: string;
  /** Where it travels in rest*; the body where absent. */
  readonly location?: 'label' | 'query' | 'queryMap' | 'header' | 'headers' | 'payload' | 'status';
  /** Name on the wire where it differs from the member's: query or header name, JSON or XML name. */
  readonly wireName?: string;
  readonly flattened?: boolean;
  readonly xmlAttribute?: boolean;
  readonly xmlNamespace?: readonly [prefix: string, uri: string];
  readonly idempotencyToken?: boolean;
}
