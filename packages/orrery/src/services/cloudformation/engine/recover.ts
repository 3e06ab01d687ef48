/**
 * After a crash: a stack whose operation died with the process must not look as if it still ran.
 * Owns the status that it gets: failed, with the reason, and open to a further update or deletion,
 * which goes on from what the records say.
 */
import type { Engine } from './engine.ts';
import { Job } from './job.ts';
import type { StackStatus } from './records.ts';

const failedStatus: Partial<Readonly<Record<StackStatus, StackStatus>>> = {
  CREATE_IN_PROGRESS: 'CREATE_FAILED',
  ROLLBACK_IN_PROGRESS: 'ROLLBACK_FAILED',
  UPDATE_IN_PROGRESS: 'UPDATE_FAILED',
  UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: 'UPDATE_FAILED',
  UPDATE_ROLLBACK_IN_PROGRESS: 'UPDATE_ROLLBACK_FAILED',
  UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: 'UPDATE_ROLLBACK_FAILED',
  DELETE_IN_PROGRESS: 'DELETE_FAILED',
};

export async function recoverInterrupted(engine: Engine): Promise<void> {
  for (const stack of engine.records.live()) {
    const failed = failedStatus[stack.status];
    if (failed === undefined) continue;
    new Job(engine, stack).setStatus(
      failed,
      'The operation was interrupted: the process of the region ended.',
    );
  }
  await engine.records.flushed();
}
