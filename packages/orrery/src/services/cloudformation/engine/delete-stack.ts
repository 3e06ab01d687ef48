/**
 * Deletes a stack's resources, each before what it depends on, and then the stack. What cannot be
 * deleted stays, with its reason; the rest goes.
 */
import { reversed } from '../template/dependencies.ts';
import type { Job } from './job.ts';
import { walk } from './walk.ts';

/** Runs to DELETE_COMPLETE or DELETE_FAILED. */
export async function deleteStack(job: Job): Promise<void> {
  const used = exportInUse(job);
  if (used !== undefined) {
    job.setStatus('DELETE_FAILED', used);
    await job.engine.records.flushed();
    return;
  }
  const failed = await deleteResources(job, { retain: true });
  if (failed.length > 0) {
    job.setStatus(
      'DELETE_FAILED',
      `The following resource(s) failed to delete: [${failed.join(', ')}]. `,
    );
  } else {
    job.setStatus('DELETE_COMPLETE', undefined, {
      deletedMs: job.engine.io.clock.wallMs(),
      outputs: [],
      imports: [],
    });
  }
  await job.engine.records.flushed();
}

/**
 * Deletes all resources of the stack; answers the logical ids of those that are left. `retain`
 * obeys deletion policies, which a failed creation does not (`RetainExceptOnCreate` or not, there
 * is nothing in a new resource yet).
 */
export async function deleteResources(
  job: Job,
  { retain }: { readonly retain: boolean },
): Promise<string[]> {
  const graph = new Map(
    [...job.resources].map(([id, { dependsOn }]) => [
      id,
      new Set(dependsOn.filter((one) => job.resources.has(one))),
    ]),
  );
  if (!retain) {
    for (const record of job.resources.values()) {
      job.resources.set(record.logicalId, { ...record, deletionPolicy: 'Delete' });
    }
  }
  const { failed } = await walk(reversed(graph), (id) => job.delete(id), {
    continueOnFailure: true,
  });
  return failed.map(({ id }) => id);
}

function exportInUse(job: Job): string | undefined {
  for (const { exportName } of job.stack.outputs) {
    if (exportName === undefined) continue;
    const users = job.engine.records.importers(exportName);
    if (users.length > 0) {
      return `Delete canceled. Cannot delete export ${exportName} as it is in use by ${users.join(', ')}.`;
    }
  }
  return undefined;
}
