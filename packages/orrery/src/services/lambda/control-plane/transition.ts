/**
 * Owns: Pending → Active and InProgress → Successful, after the time that the options say.
 *
 * T1  A transition survives a restart: its end stands in the record.
 * T2  Of two transitions of one function the later one ends it (F1: RevisionId tells them apart).
 */
import type { Io } from '../../../io/io.ts';
import type { FunctionRecord, FunctionRegistry } from '../functions.ts';

/** Arms the end of the transition that the record is in; at once where its time has come. */
export function scheduleTransition(
  io: Io,
  registry: FunctionRegistry,
  record: FunctionRecord,
): void {
  if (record.state === 'Active' && record.lastUpdateStatus === 'Successful') return;
  const waitMs = record.transitionEndsAtMs - io.clock.wallMs();
  const end = (): void => {
    const now = registry.get(record.name);
    if (now === undefined || now.transitionEndsAtMs !== record.transitionEndsAtMs) return;
    if (now.generation !== record.generation) return;
    registry.put({
      ...now,
      state: 'Active',
      lastUpdateStatus: 'Successful',
      transitionEndsAtMs: 0,
    });
  };
  if (waitMs <= 0) end();
  else io.timers.after(waitMs, `lambda transition ${record.name}`, end);
}
