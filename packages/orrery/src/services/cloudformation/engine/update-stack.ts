/**
 * Brings a stack to a new template: makes, changes, replaces, and at the end deletes what is no
 * longer wanted. Where something fails, everything touched goes back to what it was.
 *
 * U1  Nothing old is deleted before everything new stands: until then a way back exists.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import { reversed } from '../template/dependencies.ts';
import { parseTemplate } from '../template/parse.ts';
import { own, type Template } from '../template/template.ts';
import { failedToCreate, recordEarlyFailure, refuse } from './create-stack.ts';
import type { Job } from './job.ts';
import { checkExports, outputsOf } from './outputs.ts';
import { checkEarly, compare } from './plan.ts';
import type { ResourceRecord, StackInput, StackRecord, StackStatus } from './records.ts';
import { wanted } from './scope.ts';
import { walk } from './walk.ts';

/** What a resource was before this update touched it; undefined where it was not. */
type Touched = Map<string, ResourceRecord | undefined>;

/** Runs to UPDATE_COMPLETE, or back to UPDATE_ROLLBACK_COMPLETE or UPDATE_ROLLBACK_FAILED. */
export async function updateStack(
  job: Job,
  template: Template,
  previous: StackRecord,
): Promise<void> {
  const touched: Touched = new Map();
  const reason = await applyTemplate(job, template, touched);
  if (reason === undefined) {
    job.setStatus('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    const { declarations } = wanted(template, job.scope(template));
    await cleanUp(job, (id) => declarations.has(id));
    job.setStatus('UPDATE_COMPLETE');
  } else {
    await rollBack(job, previous, touched, reason);
  }
  await job.engine.records.flushed();
}

async function applyTemplate(
  job: Job,
  template: Template,
  touched: Touched,
): Promise<string | undefined> {
  try {
    const scope = job.scope(template);
    const { declarations, graph } = wanted(template, scope);
    checkEarly(template, scope);
    const strangers = [...declarations].filter(([, { type }]) => !job.engine.types.has(type));
    for (const [id, { type }] of strangers) {
      touched.set(id, job.resources.get(id));
      refuse(job, id, type);
    }
    if (strangers.length > 0) return failedToCreate(strangers.map(([id]) => id));
    const { failed } = await walk(graph, (id) => applyResource(job, template, graph, id, touched));
    if (failed.length > 0) {
      for (const { id, error } of failed) recordEarlyFailure(job, template, id, error);
      const made = failed.filter(({ id }) => touched.get(id) === undefined).map(({ id }) => id);
      const changed = failed.map(({ id }) => id).filter((id) => !made.includes(id));
      return (
        (made.length > 0 ? failedToCreate(made) : '') +
        (changed.length > 0
          ? `The following resource(s) failed to update: [${changed.join(', ')}]. `
          : '')
      );
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

async function applyResource(
  job: Job,
  template: Template,
  graph: ReadonlyMap<string, ReadonlySet<string>>,
  id: string,
  touched: Touched,
): Promise<void> {
  const declaration = own(template.resources, id);
  if (declaration === undefined) return;
  const dependsOn = [...(graph.get(id) ?? [])];
  const properties = await job.properties(declaration, template);
  const record = job.resources.get(id);
  if (record?.physical === undefined) {
    touched.set(id, record);
    await job.create(id, declaration, properties, dependsOn);
    return;
  }
  const type = job.typeOf(declaration.type);
  const kind = compare(type, declaration, properties, record);
  const next = { ...record, dependsOn, deletionPolicy: declaration.deletionPolicy };
  if (kind === 'same') {
    job.resources.set(id, next);
    job.engine.records.putResource(job.stack.stackId, next);
    return;
  }
  touched.set(id, record);
  if (kind === 'replace') await job.replace(id, declaration, properties, next);
  else await job.update(id, { ...record.physical, properties }, next);
}

/**
 * Deletes what the stack no longer has, and what was superseded. A failure leaves the thing where
 * it is, as on AWS, where the stack is complete all the same.
 */
async function cleanUp(job: Job, isWanted: (id: string) => boolean): Promise<void> {
  const graph = new Map(
    [...job.resources].map(([id, { dependsOn }]) => [
      id,
      new Set(dependsOn.filter((one) => job.resources.has(one))),
    ]),
  );
  await walk(
    reversed(graph),
    async (id) => {
      const record = job.resources.get(id);
      if (record === undefined) return;
      if (!isWanted(id)) {
        await job.delete(id);
        return;
      }
      for (const old of record.superseded) await job.deletePhysical(id, old);
      if (record.superseded.length > 0) job.clearSuperseded(id);
    },
    { continueOnFailure: true },
  );
}

async function rollBack(
  job: Job,
  previous: StackRecord,
  touched: Touched,
  reason: string,
): Promise<void> {
  if (job.stack.onFailure === 'DO_NOTHING') {
    job.setStatus('UPDATE_FAILED', reason);
    return;
  }
  job.setStatus('UPDATE_ROLLBACK_IN_PROGRESS', reason);
  const template = await parseTemplate(previous.templateBody);
  job.stack = { ...job.stack, ...inputOf(previous) };
  const failed: string[] = [];
  for (const [id, before] of touched) {
    if (before === undefined) continue;
    if (!(await restore(job, id, before))) failed.push(id);
  }
  if (failed.length > 0) {
    job.setStatus(
      'UPDATE_ROLLBACK_FAILED',
      `The following resource(s) failed to update: [${failed.join(', ')}]. `,
    );
    return;
  }
  job.setStatus('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
  const { declarations } = wanted(template, job.scope(template));
  await cleanUp(job, (id) => declarations.has(id));
  const end: StackStatus = 'UPDATE_ROLLBACK_COMPLETE';
  job.setStatus(end, undefined, { outputs: previous.outputs, imports: previous.imports });
}

/** Brings one resource back; answers whether that worked. */
async function restore(job: Job, id: string, before: ResourceRecord): Promise<boolean> {
  const now = job.resources.get(id);
  const old = before.physical;
  if (now === undefined || old === undefined) return true;
  if (now.physical === undefined || now.physical.physicalId !== old.physicalId) {
    // Replaced, or on the way there: the old one still stands, the new one goes with the clean-up.
    const extra = now.physical === undefined ? [] : [now.physical];
    job.put({ ...before, status: 'UPDATE_COMPLETE', superseded: [...before.superseded, ...extra] });
    return true;
  }
  try {
    await job.update(id, old, {
      ...now,
      dependsOn: before.dependsOn,
      deletionPolicy: before.deletionPolicy,
    });
    return true;
  } catch {
    return false;
  }
}

function inputOf(stack: StackRecord): StackInput {
  const { templateBody, parameters, resolvedParameters, tags } = stack;
  return { templateBody, parameters, resolvedParameters, tags };
}
