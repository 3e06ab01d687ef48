/**
 * What applying a template to a stack would change, without changing anything: for `No updates are
 * to be performed.`, and for change sets. Owns the comparison of resolved properties.
 *
 * L1  A value that hangs on a resource which is itself new or replaced counts as changed.
 */

import type { ResourceType } from '../resource-types/resource-type.ts';
import type { Dependencies } from '../template/dependencies.ts';
import type { Scope } from '../template/evaluate.ts';
import { evaluate, NotYetKnown } from '../template/evaluate.ts';
import type { Properties, ResourceDeclaration, Template } from '../template/template.ts';
import { resolveProperties } from './dynamic-references.ts';
import type { Job } from './job.ts';
import { outputsOf } from './outputs.ts';
import type { ResourceRecord, StackRecord } from './records.ts';
import { wanted } from './scope.ts';

export interface Change {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string;
  readonly replacement?: 'True' | 'False' | 'Conditional';
}

export interface Plan {
  readonly changes: readonly Change[];
  /** Outputs or tags differ although no resource does. */
  readonly stackChanges: boolean;
}

/** The plan for a job whose stack record already has the new input. Throws ValidationError. */
export async function planChanges(
  job: Job,
  template: Template,
  previous: StackRecord,
): Promise<Plan> {
  const scope = job.scope(template);
  const { declarations, graph } = wanted(template, scope);
  const unsettled = new Set<string>();
  const planScope: Scope = {
    ...scope,
    ref: (id) => (unsettled.has(id) ? undefined : scope.ref(id)),
  };
  const changes: Change[] = [];
  for (const id of inOrder(graph)) {
    const declaration = declarations.get(id);
    if (declaration === undefined) continue;
    const change = await planResource(job, id, declaration, planScope);
    if (change === undefined) continue;
    changes.push(change);
    if (change.action === 'Add' || change.replacement !== 'False') unsettled.add(id);
  }
  for (const [id, record] of job.resources) {
    if (!declarations.has(id)) changes.push(changeOf('Remove', id, record.type, record));
  }
  return { changes, stackChanges: stackChanges(job, planScope, previous) };
}

async function planResource(
  job: Job,
  id: string,
  declaration: ResourceDeclaration,
  scope: Scope,
): Promise<Change | undefined> {
  const record = job.resources.get(id);
  if (record?.physical === undefined) return changeOf('Add', id, declaration.type, record);
  let properties: Properties | undefined;
  try {
    properties = await resolveProperties(declaration.properties, scope, job.engine);
  } catch (error) {
    if (!(error instanceof NotYetKnown)) throw error;
  }
  if (properties === undefined) {
    return { ...changeOf('Modify', id, declaration.type, record), replacement: 'Conditional' };
  }
  const kind = compare(job.engine.types.get(declaration.type), declaration, properties, record);
  if (kind === 'same') return undefined;
  return {
    ...changeOf('Modify', id, declaration.type, record),
    replacement: kind === 'replace' ? 'True' : 'False',
  };
}

/** How a resource has to change to have these properties. */
export function compare(
  type: ResourceType | undefined,
  declaration: ResourceDeclaration,
  properties: Properties,
  record: ResourceRecord,
): 'same' | 'update' | 'replace' {
  const before = record.physical;
  if (before === undefined || before.type !== declaration.type) return 'replace';
  const same = sameJson(before.properties, properties);
  if (same && /^(CREATE|UPDATE)_COMPLETE$/.test(record.status)) return 'same';
  if (type === undefined || type.update === undefined) return 'replace';
  const replaced = type.replaceOn.some(
    (name) => !sameJson(before.properties[name], properties[name]),
  );
  if (replaced || type.replaces?.(before.properties, properties) === true) return 'replace';
  return 'update';
}

/** Equal as JSON, whatever the order of members. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = b as Readonly<Record<string, unknown>>;
  return (
    left.length === Object.keys(right).length &&
    left.every(([key, value]) => Object.hasOwn(right, key) && sameJson(value, right[key]))
  );
}

function stackChanges(job: Job, scope: Scope, previous: StackRecord): boolean {
  if (!sameJson(job.stack.tags, previous.tags)) return true;
  try {
    return !sameJson(outputsOf(scope), previous.outputs);
  } catch (error) {
    // An output that hangs on something new: then there is a change among the resources too.
    if (error instanceof NotYetKnown) return false;
    throw error;
  }
}

function changeOf(
  action: Change['action'],
  logicalId: string,
  type: string,
  record: ResourceRecord | undefined,
): Change {
  const physicalId = record?.physical?.physicalId;
  return { action, logicalId, type, ...(physicalId === undefined ? {} : { physicalId }) };
}

/** Every node after what it depends on. */
export function inOrder(graph: Dependencies): string[] {
  const ordered: string[] = [];
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    for (const before of graph.get(id) ?? []) visit(before);
    ordered.push(id);
  };
  for (const id of graph.keys()) visit(id);
  return ordered;
}

/** Evaluates what can be without any resource: finds mistakes before anything is made. */
export function checkEarly(template: Template, scope: Scope): void {
  for (const { properties } of Object.values(template.resources)) {
    try {
      evaluate(properties, scope);
    } catch (error) {
      if (!(error instanceof NotYetKnown)) throw error;
    }
  }
}
