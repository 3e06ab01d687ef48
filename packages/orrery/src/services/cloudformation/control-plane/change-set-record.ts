/** Change sets as they are kept, below their stack, and how a request names one. */
import type { Engine } from '../engine/engine.ts';
import type { Change } from '../engine/plan.ts';
import type { StackInput, StackRecord } from '../engine/records.ts';
import { changeSetNotFound, stackNotFound } from '../errors.ts';

export interface ChangeSetRecord {
  readonly changeSetId: string;
  readonly name: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly status: 'CREATE_COMPLETE' | 'FAILED';
  readonly statusReason?: string;
  readonly description?: string;
  readonly createdMs: number;
  readonly input: StackInput;
  readonly changes: readonly Change[];
  readonly capabilities: readonly string[];
  readonly onFailure: StackRecord['onFailure'];
  readonly roleArn?: string;
}

const prefix = (stackId: string): string => `change-set/${stackId}/`;

export function putChangeSet(engine: Engine, changeSet: ChangeSetRecord): void {
  engine.records.putJson(prefix(changeSet.stackId) + changeSet.name, changeSet);
}

export function changeSetsOf(engine: Engine, stackId: string): ChangeSetRecord[] {
  return engine.records.listJson<ChangeSetRecord>(prefix(stackId));
}

export function forgetChangeSet(engine: Engine, changeSet: ChangeSetRecord): void {
  engine.records.deleteKey(prefix(changeSet.stackId) + changeSet.name);
}

/** A stack that begins a new life has none of the old change sets. */
export function forgetChangeSets(engine: Engine, stackId: string): void {
  for (const changeSet of changeSetsOf(engine, stackId)) forgetChangeSet(engine, changeSet);
}

/** By its ARN, or by its name and its stack's. Throws ChangeSetNotFound. */
export function changeSetOf(
  engine: Engine,
  name: string,
  stackName: string | undefined,
): ChangeSetRecord {
  if (name.startsWith('arn:')) {
    const found = engine.records
      .listJson<ChangeSetRecord>('change-set/')
      .find(({ changeSetId }) => changeSetId === name);
    if (found === undefined) throw changeSetNotFound(name);
    return found;
  }
  if (name.length > 1024) throw changeSetNotFound(name);
  const stack = engine.records.find(stackName ?? '');
  if (stack === undefined) throw stackNotFound(stackName ?? '');
  const found = engine.records.getJson<ChangeSetRecord>(prefix(stack.stackId) + name);
  if (found === undefined) throw changeSetNotFound(name);
  return found;
}
