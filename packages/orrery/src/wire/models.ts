/**
 * The door to `generated/`: `asModel(json)` gives an imported file its type.
 *
 *     import json from '../../wire/generated/dynamodb.json' with { type: 'json' };
 *     const model = asModel(json);
 */
import type { Member, MemberRef, ServiceModel, Shape } from './model.ts';

/** The file is ours and a test compares it with its source: it is trusted, not checked. */
export function asModel(json: unknown): ServiceModel {
  return json as ServiceModel;
}

/** The whole form of a member. */
export function memberOf(reference: MemberRef): Member {
  return typeof reference === 'string' ? { shape: reference } : reference;
}

export type StructureShape = Extract<Shape, { readonly type: 'structure' | 'union' }>;

/** The shape of that name. Throws on a name that the model does not have: our mistake. */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (shape === undefined) throw new RangeError(`${model.source} has no shape ${name}`);
  return shape;
}

/** The structure of that name: an operation's input or output, or an error. */
export function structureOf(model: ServiceModel, name: string): StructureShape {
  const shape = shapeOf(model, name);
  if (shape.type !== 'structure' && shape.type !== 'union') {
    throw new RangeError(`${name} of ${model.source} is no structure`);
  }
  return shape;
}
