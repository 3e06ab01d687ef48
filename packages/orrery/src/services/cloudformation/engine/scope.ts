/**
 * What names stand for in one stack, for `template/evaluate.ts`. Owns the pseudo parameters, and
 * that a used export is noted.
 */

import { type Dependencies, dependenciesOf } from '../template/dependencies.ts';
import { conditionHolds, type Scope } from '../template/evaluate.ts';
import { own, type ResourceDeclaration, type Template } from '../template/template.ts';
import type { Engine } from './engine.ts';
import type { ResourceMap, StackRecord } from './records.ts';

export function stackScope(
  engine: Engine,
  stack: StackRecord,
  template: Template,
  resources: ResourceMap,
  imports: Set<string>,
): Scope {
  return {
    template,
    parameters: stack.resolvedParameters,
    pseudo: {
      'AWS::AccountId': engine.accountId,
      'AWS::Region': engine.region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.stackName,
      'AWS::StackId': stack.stackId,
      'AWS::NotificationARNs': [],
    },
    ref: (id) => {
      const physical = resources.get(id)?.physical;
      return physical?.ref ?? physical?.physicalId;
    },
    attribute: (id, name) => own(resources.get(id)?.physical?.attributes ?? {}, name),
    importValue: (name) => {
      imports.add(name);
      return engine.records.exports().get(name)?.value;
    },
    // The names of the first three zones, which every region has.
    availabilityZones: (region) => ['a', 'b', 'c'].map((letter) => region + letter),
  };
}

/** The resources whose condition holds, and the graph among them. Throws ValidationError. */
export function wanted(
  template: Template,
  scope: Scope,
): {
  readonly declarations: ReadonlyMap<string, ResourceDeclaration>;
  readonly graph: Dependencies;
} {
  const declarations = new Map(
    Object.entries(template.resources).filter(
      ([, { condition }]) => condition === undefined || conditionHolds(condition, scope),
    ),
  );
  const graph = new Map<string, ReadonlySet<string>>();
  for (const [id, before] of dependenciesOf(template)) {
    if (!declarations.has(id)) continue;
    graph.set(id, new Set([...before].filter((one) => declarations.has(one))));
  }
  return { declarations, graph };
}
