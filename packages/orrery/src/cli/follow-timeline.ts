/**
 * Prints the steps of a failover as they happen. Owns when a step is complete enough to be said; asks
 * the admin interface again and again.
 */
import type { Timeline, TimelineStep } from '../trace/timeline.ts';
import { callAdmin } from './admin-client.ts';
import { stepLine } from './timeline-text.ts';

const pollMs = 200;
/** Votes come one after another: their step is said when no further one has come for so long. */
const settledMs = 1_500;

export interface FollowOptions {
  /** Steps up to this sequence number have been seen. */
  readonly after: number;
  /** Ends then; never where absent. */
  readonly forMs?: number | undefined;
  readonly json: boolean;
}

/** Prints until its time is over, or for ever. */
export async function followTimeline(admin: string, options: FollowOptions): Promise<void> {
  const endsAtMs = Date.now() + (options.forMs ?? Number.POSITIVE_INFINITY);
  const said = new Set<number>();
  for (;;) {
    const isLast = Date.now() >= endsAtMs;
    const timeline = await callAdmin<Timeline>(admin, 'GET', '/api/timeline');
    for (const { steps } of timeline.incidents) {
      for (const step of steps) {
        if (step.id <= options.after || said.has(step.id)) continue;
        if (!isLast && !isComplete(step, steps)) continue;
        said.add(step.id);
        console.log(options.json ? JSON.stringify(step) : stepLine(step));
      }
    }
    if (isLast) return;
    await new Promise((wake) => setTimeout(wake, pollMs));
  }
}

function isComplete(step: TimelineStep, steps: readonly TimelineStep[]): boolean {
  if (step.kind !== 'votes') return true;
  const isDecided = steps.some(
    ({ kind, id, data }) => kind === 'status' && id > step.id && data['id'] === step.data['id'],
  );
  return isDecided || Date.now() - step.untilMs > settledMs;
}
