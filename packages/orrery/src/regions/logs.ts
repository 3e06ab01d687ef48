/** The log lines of all regions in one list, oldest first, with a cursor per region to go on from. */
import type { Io } from '../io/io.ts';
import type { TailRequest, TailResponse } from '../services/logs/api.ts';
import { askRegions, callInternal } from './gather.ts';

export interface LogQuery {
  readonly region?: string;
  /** A part of the log group's name. */
  readonly group?: string;
  readonly sinceMs: number;
  readonly limit: number;
  /** Cursor by region, from an earlier answer: only what came after it. */
  readonly after: Readonly<Record<string, number>>;
}

export interface LogLine {
  readonly region: string;
  readonly group: string;
  readonly stream: string;
  readonly atMs: number;
  readonly message: string;
}

export interface LogAnswer {
  readonly items: readonly LogLine[];
  readonly unreachable: readonly string[];
  readonly cursors: Readonly<Record<string, number>>;
}

/** What a region hands out at once. */
const linesMax = 10_000;

/** Asks every serving region; `group` is a part of the group's name. */
export async function gatherLogs(
  io: Io,
  regions: { readonly serving: readonly string[]; readonly notServing: readonly string[] },
  query: LogQuery,
): Promise<LogAnswer> {
  const isWanted = (region: string): boolean =>
    query.region === undefined || region === query.region;
  const { answers, unreachable } = await askRegions(regions.serving.filter(isWanted), (region) => {
    const request: TailRequest = {
      sinceMs: query.sinceMs,
      // Lines of other groups are dropped here, so they must not use up the limit.
      limit: query.group === undefined ? query.limit : linesMax,
      ...(query.after[region] === undefined ? {} : { after: query.after[region] }),
    };
    return callInternal<TailResponse>(io, { region, service: 'logs-internal' }, '/tail', request);
  });
  const items = [...answers].flatMap(([region, { events }]) =>
    events
      .filter(({ group }) => group.includes(query.group ?? ''))
      .map(({ timestampMs, ...event }) => ({ region, ...event, atMs: timestampMs })),
  );
  return {
    items: items.sort((a, b) => a.atMs - b.atMs).slice(-query.limit),
    unreachable: [...regions.notServing.filter(isWanted), ...unreachable],
    cursors: Object.fromEntries([...answers].map(([region, { cursor }]) => [region, cursor])),
  };
}
