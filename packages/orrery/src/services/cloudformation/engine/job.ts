/**
 * One operation on one stack, as it goes on: the stack's record, its resources, and the steps that
 * every operation is made of (create, change, delete one resource; change the stack's status).
 * Each step writes the record and its event before and after the call that it makes.
 *
 * J1  What exists is on disk with its physical id before anything that depends on it is made.
 */

import { NetError } from '../../../io/io.ts';
import type { ResourceContext, ResourceType } from '../resource-types/resource-type.ts';
import type { Scope } from '../template/evaluate.ts';
import type { Properties, ResourceDeclaration, Template, Value } from '../template/template.ts';
import { resolveProperties } from './dynamic-references.ts';
import type { Engine } from './engine.ts';
import { patiently } from './patience.ts';
import type {
  Handle,
  PhysicalResource,
  ResourceRecord,
  ResourceStatus,
  StackRecord,
  StackStatus,
} from './records.ts';
import { failureReason, isNotFound, ResourceFailure } from './resource-failure.ts';
import { stackScope } from './scope.ts';

const pollMs = 25;

export class Job {
  readonly engine: Engine;
  readonly resources: Map<string, ResourceRecord>;
  /** Exports of other stacks that were used. */
  readonly imports = new Set<string>();
  stack: StackRecord;

  constructor(engine: Engine, stack: StackRecord) {
    this.engine = engine;
    this.stack = stack;
    this.resources = engine.records.resources(stack.stackId);
  }

  /** Sets the stack's status, and whatever else of it, with the event for it. */
  setStatus(status: StackStatus, reason?: string, change: Partial<StackRecord> = {}): void {
    const { statusReason: _old, ...rest } = this.stack;
    this.stack = {
      ...rest,
      ...change,
      status,
      ...(reason === undefined ? {} : { statusReason: reason }),
    };
    this.engine.records.put(this.stack);
    this.#event(this.stack.stackName, this.stack.stackId, 'AWS::CloudFormation::Stack', {
      status,
      reason,
    });
  }

  scope(template: Template): Scope {
    return stackScope(this.engine, this.stack, template, this.resources, this.imports);
  }

  typeOf(name: string): ResourceType {
    const type = this.engine.types.get(name);
    if (type !== undefined) return type;
    throw new ResourceFailure(unsupported(name));
  }

  /** Properties of a resource with every reference replaced by its value. */
  async properties(declaration: ResourceDeclaration, template: Template): Promise<Properties> {
    return await resolveProperties(declaration.properties, this.scope(template), this.engine);
  }

  /** Makes the resource. Throws what went wrong, after it has been recorded. */
  async create(
    id: string,
    declaration: ResourceDeclaration,
    properties: Properties,
    dependsOn: readonly string[],
  ): Promise<void> {
    const earlier = this.resources.get(id);
    const superseded = earlier?.superseded ?? [];
    const base = { logicalId: id, type: declaration.type, dependsOn, superseded };
    const record = { ...base, deletionPolicy: declaration.deletionPolicy };
    const resumed = earlier?.status === 'CREATE_IN_PROGRESS';
    await this.#step('CREATE', record, properties, async (type, context) => {
      // Noted on disk before it is made: a name that is taken later may have been taken by us.
      if (type.nameProperty !== undefined) await this.engine.records.flushed();
      try {
        return await type.create(properties, { ...context, resumed });
      } catch (error) {
        // The answer was lost: it may exist, so the second attempt takes over what it finds.
        const isUnknown = error instanceof NetError && error.maybeApplied;
        if (!isUnknown || this.resources.get(id)?.physical !== undefined) throw error;
        return await type.create(properties, { ...context, resumed: true });
      }
    });
  }

  /** Changes the resource in place. */
  async update(id: string, next: PhysicalResource, record: ResourceRecord): Promise<void> {
    const before = record.physical;
    if (before === undefined) throw new ResourceFailure(`${id} does not exist`);
    await this.#step('UPDATE', record, next.properties, async (type, context) => {
      if (type.update === undefined) throw new ResourceFailure(`${type.name} cannot be updated`);
      return await type.update(before, next.properties, before.properties, context);
    });
  }

  /** Makes a new resource in the place of an old one, which waits to be deleted. */
  async replace(
    id: string,
    declaration: ResourceDeclaration,
    properties: Properties,
    record: ResourceRecord,
  ): Promise<void> {
    const old = record.physical;
    const superseded = old === undefined ? record.superseded : [...record.superseded, old];
    const { physical: _old, ...rest } = record;
    const next = {
      ...rest,
      type: declaration.type,
      deletionPolicy: declaration.deletionPolicy,
      superseded,
    };
    const reason =
      'Requested update requires the creation of a new physical resource; hence creating one.';
    await this.#step(
      'UPDATE',
      next,
      properties,
      async (type, context) => {
        refuseSameName(type, properties, old, id);
        return await type.create(properties, context);
      },
      reason,
    );
  }

  /** Deletes one physical resource; what is gone already counts as deleted. */
  async deletePhysical(id: string, physical: PhysicalResource): Promise<void> {
    try {
      await this.typeOf(physical.type).delete(physical, physical.properties, this.#context(id));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Deletes a resource and all that it superseded, and forgets it. */
  async delete(id: string): Promise<void> {
    const record = this.resources.get(id);
    if (record === undefined) return;
    if (record.deletionPolicy.startsWith('Retain') && record.status !== 'CREATE_FAILED') {
      this.#forget(record, 'DELETE_SKIPPED');
      return;
    }
    if (record.physical === undefined && record.superseded.length === 0) {
      this.#forget(record);
      return;
    }
    this.put({ ...record, status: 'DELETE_IN_PROGRESS' });
    try {
      for (const old of record.superseded) await this.deletePhysical(id, old);
      if (record.physical !== undefined) await this.deletePhysical(id, record.physical);
    } catch (error) {
      this.put({ ...record, status: 'DELETE_FAILED' }, this.#reason(error, record.type));
      throw error;
    }
    this.#forget(record, 'DELETE_COMPLETE');
    await this.engine.records.flushed();
  }

  /** Writes a resource's record, and the event for its status. */
  put(record: ResourceRecord, reason?: string, properties?: Properties): void {
    const { statusReason: _old, ...rest } = record;
    const stored = {
      ...rest,
      updatedMs: this.engine.io.clock.wallMs(),
      ...(reason === undefined ? {} : { statusReason: reason }),
    };
    this.resources.set(record.logicalId, stored);
    this.engine.records.putResource(this.stack.stackId, stored);
    this.#event(record.logicalId, record.physical?.physicalId ?? '', record.type, {
      status: record.status,
      reason,
      properties,
    });
  }

  /** Takes the superseded ones off a resource's record, without an event. */
  clearSuperseded(id: string): void {
    const record = this.resources.get(id);
    if (record === undefined) return;
    const cleared = { ...record, superseded: [] };
    this.resources.set(id, cleared);
    this.engine.records.putResource(this.stack.stackId, cleared);
  }

  async #step(
    verb: 'CREATE' | 'UPDATE',
    base: Omit<ResourceRecord, 'status' | 'updatedMs'>,
    properties: Properties,
    run: (type: ResourceType, context: ResourceContext) => Promise<Handle>,
    reason?: string,
  ): Promise<void> {
    const status = (end: 'IN_PROGRESS' | 'COMPLETE' | 'FAILED'): ResourceStatus => `${verb}_${end}`;
    let record: ResourceRecord = { ...base, status: status('IN_PROGRESS'), updatedMs: 0 };
    this.put(record, reason, properties);
    const made = (handle: Handle): void => {
      record = { ...record, physical: { ...handle, type: record.type, properties } };
      this.put(record, verb === 'CREATE' ? 'Resource creation Initiated' : undefined, properties);
    };
    try {
      const handle = await run(this.typeOf(record.type), this.#context(record.logicalId, made));
      record = { ...record, physical: { ...handle, type: record.type, properties } };
    } catch (error) {
      const why = this.#reason(error, record.type);
      this.put({ ...record, status: status('FAILED') }, why, properties);
      throw error;
    }
    this.put({ ...record, status: status('COMPLETE') }, undefined, properties);
    await this.engine.records.flushed();
  }

  #forget(record: ResourceRecord, status?: ResourceStatus): void {
    if (status !== undefined) this.put({ ...record, status });
    this.resources.delete(record.logicalId);
    this.engine.records.deleteResource(this.stack.stackId, record.logicalId);
  }

  #reason(error: unknown, typeName: string): string {
    return failureReason(error, typeName.split('::')[1] ?? typeName, this.engine.io.random.uuid());
  }

  #context(logicalId: string, made: (handle: Handle) => void = () => {}): ResourceContext {
    const { engine, stack } = this;
    return {
      region: engine.region,
      accountId: engine.accountId,
      stackName: stack.stackName,
      stackId: stack.stackId,
      logicalId,
      resumed: false,
      call: (service, operation, input) =>
        patiently(engine, operation, () =>
          engine.caller.call(service, operation, input, engine.region),
        ),
      post: (service, path, body) =>
        patiently(engine, path, () => engine.caller.post(service, path, body, engine.region)),
      physicalName: (lengthMax) => physicalName(engine, stack.stackName, logicalId, lengthMax),
      made,
      until: (what, check) => untilStable(engine, what, check),
      token: () => engine.io.random.uuid(),
    };
  }

  #event(
    logicalId: string,
    physicalId: string,
    type: string,
    what: { status: string; reason: string | undefined; properties?: Properties | undefined },
  ): void {
    const timestampMs = this.engine.io.clock.wallMs();
    const { status, reason, properties } = what;
    this.engine.records.addEvent(this.stack.stackId, {
      eventId: this.engine.io.random.uuid(),
      logicalId,
      physicalId,
      type,
      status,
      timestampMs,
      ...(reason === undefined ? {} : { statusReason: reason }),
      ...(properties === undefined ? {} : { properties }),
    });
    this.engine.io.probe.event('cloudformation.status', {
      stack: this.stack.stackName,
      logicalId,
      type,
      status,
      reason: reason ?? '',
    });
  }
}

/** What a stack says of a type that is not built. */
export function unsupported(name: string): string {
  return /^(Custom::|AWS::CloudFormation::CustomResource$)/.test(name)
    ? `Custom resources are not built (${name}): the function behind it would not be called.`
    : `The resource type ${name} is not built.`;
}

function physicalName(
  engine: Engine,
  stackName: string,
  logicalId: string,
  lengthMax: number,
): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const suffix = [...engine.io.random.bytes(12)].map((byte) => letters[byte % letters.length]);
  const room = lengthMax - suffix.length - 2;
  const logical = logicalId.slice(0, Math.max(Math.ceil(room / 2), room - stackName.length));
  return `${stackName.slice(0, room - logical.length)}-${logical}-${suffix.join('')}`;
}

async function untilStable(
  engine: Engine,
  what: string,
  check: () => Promise<boolean>,
): Promise<void> {
  const { clock, timers } = engine.io;
  const startUs = clock.monotonicUs();
  while (!(await check())) {
    if (clock.monotonicUs() - startUs > engine.stabilizeMs * 1000) {
      throw new ResourceFailure(
        `Resource timed out waiting for completion: ${what} (HandlerErrorCode: NotStabilized)`,
      );
    }
    await timers.sleep(pollMs, `cloudformation: ${what}`);
  }
}

function refuseSameName(
  type: ResourceType,
  properties: Properties,
  old: PhysicalResource | undefined,
  id: string,
): void {
  const property = type.nameProperty;
  if (property === undefined || old === undefined || old.type !== type.name) return;
  const name: Value | undefined = properties[property];
  if (name !== undefined && name === old.properties[property]) {
    throw new ResourceFailure(
      `CloudFormation cannot update a stack when a custom-named resource requires replacing. ` +
        `Rename ${String(name)} and update the stack again. (${id})`,
    );
  }
}
