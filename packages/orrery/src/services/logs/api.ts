/**
 * What others may know of Logs. Beside its AWS API the service serves the internal address
 * `logs-internal` (POST only), for services of the same region and the command line:
 *
 *   /append  lines, two for each batch: BatchHead as JSON, then its events, a JSON list of LogEvent.
 *            Makes groups and streams that are not there. Events are stored as they come, unread.
 *   /tail    TailRequest   → TailResponse  newest events of one group or of all, in time order
 */

/** `[epoch milliseconds, message]`. */
export type LogEvent = readonly [timestampMs: number, message: string];

export interface BatchHead {
  readonly group: string;
  readonly stream: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface TailRequest {
  /** One group; all where absent. */
  readonly group?: string;
  /** Events ingested after this cursor, from a previous answer; 0 for the newest there are. */
  readonly after?: number;
  /** Events that happened at or after this time. */
  readonly sinceMs?: number;
  readonly limit: number;
}

export interface TailEvent {
  readonly group: string;
  readonly stream: string;
  readonly timestampMs: number;
  readonly message: string;
}

export interface TailResponse {
  readonly events: readonly TailEvent[];
  /** Hand it back as `after` to follow. */
  readonly cursor: number;
}
