/**
 * Which resource waits for which. Owns the graph, its order, and AWS's words for a cycle and for
 * names that nothing bears. A resource depends on what its `DependsOn` says and on every resource
 * that its properties name (Ref, GetAtt, Sub), in both branches of an `Fn::If`.
 */
import { validationError } from '../errors.ts';
import { isObject } from './parse.ts';
import { own, type Template, type Value } from './template.ts';

/** Logical id → logical ids that must exist before it. */
export type Dependencies = ReadonlyMap<string, ReadonlySet<string>>;

/** The graph of a template. Throws ValidationError for unknown names and for cycles. */
export function dependenciesOf(template: Template): Dependencies {
  const unresolved = new Set<string>();
  const known = (name: string): boolean => {
    if (own(template.resources, name) !== undefined) return true;
    const isParameter = own(template.parameters, name) !== undefined;
    if (!isParameter && !name.startsWith('AWS::')) unresolved.add(name);
    return false;
  };
  const graph = new Map<string, ReadonlySet<string>>();
  for (const [id, resource] of Object.entries(template.resources)) {
    const names = [...resource.dependsOn, ...namesIn(resource.properties)];
    graph.set(id, new Set(names.filter(known)));
  }
  if (unresolved.size > 0) {
    throw validationError(
      `Template format error: Unresolved resource dependencies [${[...unresolved].join(', ')}] ` +
        'in the Resources block of the template',
    );
  }
  const outputs = Object.values(template.outputs);
  for (const name of namesIn(outputs.flatMap((one) => [one.value, one.exportName ?? null]))) {
    known(name);
  }
  if (unresolved.size > 0) {
    throw validationError(
      `Template format error: Unresolved resource dependencies [${[...unresolved].join(', ')}] ` +
        'in the Outputs block of the template',
    );
  }
  const cycle = findCycle(graph);
  if (cycle.length > 0) {
    throw validationError(`Circular dependency between resources: [${cycle.join(', ')}]`);
  }
  return graph;
}

/** Every resource or parameter that an expression names. */
export function namesIn(value: Value): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (!isObject(value)) return (value as readonly Value[]).flatMap(namesIn);
  const [name, argument] = Object.entries(value)[0] ?? [];
  if (name === 'Ref' && typeof argument === 'string') return [argument];
  if (name === 'Fn::GetAtt') {
    const first = Array.isArray(argument) ? argument[0] : String(argument).split('.')[0];
    return typeof first === 'string' ? [first] : [];
  }
  if (name === 'Fn::Sub') return namesInSub(argument ?? null);
  return Object.values(value).flatMap(namesIn);
}

function namesInSub(argument: Value): string[] {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const own = isObject(variables) ? Object.keys(variables) : [];
  const named = [...String(template).matchAll(/\$\{([^!}][^}]*)\}/g)]
    .map((match) => match[1]?.trim() ?? '')
    .filter((name) => !own.includes(name))
    .map((name) => name.split('.')[0] ?? '');
  return [...named, ...namesIn(variables ?? null)];
}

/** The members of cycles, in the order of the template; empty where there is none. */
function findCycle(graph: Dependencies): string[] {
  const left = new Map([...graph].map(([id, before]) => [id, new Set(before)]));
  // What waits for nothing, and then what nothing waits for, is in no cycle.
  for (const direction of ['before', 'after'] as const) {
    for (let changed = true; changed; ) {
      changed = false;
      for (const [id, before] of left) {
        const free =
          direction === 'before'
            ? before.size === 0
            : ![...left.values()].some((others) => others.has(id));
        if (!free) continue;
        left.delete(id);
        for (const others of left.values()) others.delete(id);
        changed = true;
      }
    }
  }
  return [...left.keys()];
}

/** The graph with its arrows turned round: for deletion. */
export function reversed(graph: Dependencies): Dependencies {
  const turned = new Map([...graph.keys()].map((id) => [id, new Set<string>()]));
  for (const [id, before] of graph) {
    for (const one of before) turned.get(one)?.add(id);
  }
  return turned;
}
