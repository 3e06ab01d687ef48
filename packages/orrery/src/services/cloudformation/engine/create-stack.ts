/**
 * Makes a stack's resources, in the order of their dependencies, and takes them back where one of
 * them fails. Refuses to own the checks that come before (`control-plane/`).
 */

import { ServiceError } from '../../../endpoint/service.ts';
import type { Template } from '../template/template.ts';
import { deleteResources } from './delete-stack.ts';
import type { Job } from './job.ts';
import { unsupported } from './job.ts';
import { checkExports, outputsOf } from './outputs.ts';
import { checkEarly } from './plan.ts';
import { wanted } from './scope.ts';
import { walk } from './walk.ts';

/** Runs to a final status; never throws what the user's template can cause. */
export async function createStack(job: Job, template: Template): Promise<void> {
  const reason = await createResources(job, template);
  if (reason === undefined) {
    job.setStatus('CREATE_COMPLETE');
  } else {
    await rollBack(job, reason);
  }
  await job.engine.records.flushed();
}

/** Makes everything and the outputs. Answers why not, where it did not work. */
async function createResources(job: Job, template: Template): Promise<string | undefined> {
  try {
    const scope = job.scope(template);
    const { declarations, graph } = wanted(template, scope);
    checkEarly(template, scope);
    const strangers = [...declarations].filter(([, { type }]) => !job.engine.types.has(type));
    for (const [id, { type }] of strangers) refuse(job, id, type);
    if (strangers.length > 0) return failedToCreate(strangers.map(([id]) => id));
    const { failed } = await walk(graph, async (id) => {
      const declaration = declarations.get(id);
      if (declaration === undefined) return;
      const properties = await job.properties(declaration, template);
      await job.create(id, declaration, properties, [...(graph.get(id) ?? [])]);
    });
    if (failed.length > 0) {
      for (const { id, error } of failed) recordEarlyFailure(job, template, id, error);
      return failedToCreate(failed.map(({ id }) => id));
    }
    const outputs = outputsOf(job.scope(template));
    checkExports(job.engine.records, job.stack, outputs);
    job.stack = { ...job.stack, outputs, imports: [...job.imports] };
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error.message;
    throw error;
  }
}

/** A resource whose properties could not be evaluated never came as far as its own record. */
export function recordEarlyFailure(job: Job, template: Template, id: string, error: unknown): void {
  if (job.resources.has(id) || !(error instanceof Error)) return;
  const declaration = template.resources[id];
  job.put(
    {
      logicalId: id,
      type: declaration?.type ?? '',
      status: 'CREATE_FAILED',
      updatedMs: 0,
      dependsOn: [],
      deletionPolicy: 'Delete',
      superseded: [],
    },
    error.message,
  );
}

/** Records that a resource's type is not built. */
export function refuse(job: Job, id: string, type: string): void {
  job.put(
    {
      logicalId: id,
      type,
      status: 'CREATE_FAILED',
      updatedMs: 0,
      dependsOn: [],
      deletionPolicy: 'Delete',
      superseded: [],
    },
    unsupported(type),
  );
}

export function failedToCreate(ids: readonly string[]): string {
  return `The following resource(s) failed to create: [${ids.join(', ')}]. `;
}

async function rollBack(job: Job, reason: string): Promise<void> {
  if (job.stack.onFailure === 'DO_NOTHING') {
    job.setStatus('CREATE_FAILED', reason);
    return;
  }
  if (job.stack.onFailure === 'DELETE') {
    job.setStatus('DELETE_IN_PROGRESS', `${reason}Delete requested by user.`);
  } else {
    job.setStatus('ROLLBACK_IN_PROGRESS', `${reason}Rollback requested by user.`);
  }
  const failed = await deleteResources(job, { retain: false });
  if (failed.length > 0) {
    const why = `The following resource(s) failed to delete: [${failed.join(', ')}]. `;
    job.setStatus(job.stack.onFailure === 'DELETE' ? 'DELETE_FAILED' : 'ROLLBACK_FAILED', why);
  } else if (job.stack.onFailure === 'DELETE') {
    job.setStatus('DELETE_COMPLETE', undefined, { deletedMs: job.engine.io.clock.wallMs() });
  } else {
    job.setStatus('ROLLBACK_COMPLETE');
  }
}
