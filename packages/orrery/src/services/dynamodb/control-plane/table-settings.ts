/**
 * Owns: settings of tables and indexes that are kept and shown: warm throughput, limits of on-demand
 * throughput. And how often provisioned throughput may be lowered.
 *
 * A day begins at midnight UTC. Four decreases are free at any time; further ones take an hour without
 * any before them (developer guide, "Decreasing provisioned throughput").
 */
import type { OnDemandThroughput, WarmThroughput } from '@aws-sdk/client-dynamodb';
import { invalidParameter, limitExceeded, validationError } from '../errors.ts';
import type {
  StoredOnDemandLimits,
  StoredTable,
  StoredWarmThroughput,
  Throughput,
} from '../storage/stored-table.ts';

const onDemandRead = 12_000;
const onDemandWrite = 4_000;
const freeDecreases = 4;
const decreasesMax = 27;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What a table can take at once: what was asked for, or what its capacity mode begins with. */
export function warmThroughputOf(
  billingMode: StoredTable['billingMode'],
  throughput: Throughput,
  asked: StoredWarmThroughput | undefined,
): StoredWarmThroughput {
  const provisioned = billingMode === 'PROVISIONED';
  const reads = provisioned ? throughput.readCapacityUnits : onDemandRead;
  const writes = provisioned ? throughput.writeCapacityUnits : onDemandWrite;
  return {
    reads: Math.max(reads, asked?.reads ?? 0),
    writes: Math.max(writes, asked?.writes ?? 0),
  };
}

/** Warm throughput is raised and never lowered. */
export function raisedWarmThroughput(
  now: StoredWarmThroughput,
  given: WarmThroughput,
): StoredWarmThroughput {
  const { ReadUnitsPerSecond: reads, WriteUnitsPerSecond: writes } = given;
  if (reads === undefined && writes === undefined) {
    throw invalidParameter(
      'At least one of ReadUnitsPerSecond or WriteUnitsPerSecond must be specified for ' +
        'WarmThroughput',
    );
  }
  const next = { reads: reads ?? now.reads, writes: writes ?? now.writes };
  if (next.reads < now.reads || next.writes < now.writes) {
    throw invalidParameter(
      `Requested WarmThroughput (ReadUnitsPerSecond: ${next.reads}, WriteUnitsPerSecond: ` +
        `${next.writes}) is lower than the current one (ReadUnitsPerSecond: ${now.reads}, ` +
        `WriteUnitsPerSecond: ${now.writes})`,
    );
  }
  return next;
}

/** -1 takes a limit away. */
export function onDemandLimitsOf(
  billingMode: StoredTable['billingMode'],
  given: OnDemandThroughput | undefined,
  before: StoredOnDemandLimits | undefined,
): StoredOnDemandLimits | undefined {
  if (given === undefined) return billingMode === 'PROVISIONED' ? undefined : before;
  if (billingMode === 'PROVISIONED') {
    throw invalidParameter(
      'OnDemandThroughput cannot be specified when BillingMode is PROVISIONED',
    );
  }
  const { MaxReadRequestUnits: reads, MaxWriteRequestUnits: writes } = given;
  if (reads === undefined && writes === undefined) {
    throw invalidParameter(
      'At least one of MaxReadRequestUnits or MaxWriteRequestUnits must be specified for ' +
        'OnDemandThroughput',
    );
  }
  for (const [name, value] of Object.entries({ reads, writes })) {
    if (value === undefined || value === -1 || value >= 1) continue;
    const member = name === 'reads' ? 'MaxReadRequestUnits' : 'MaxWriteRequestUnits';
    throw invalidParameter(`${member} must be -1 or at least 1, it is ${value}`);
  }
  return { reads: reads ?? before?.reads ?? -1, writes: writes ?? before?.writes ?? -1 };
}

/** As DescribeTable shows them. */
export function onDemandDescription(
  limits: StoredOnDemandLimits | undefined,
): { OnDemandThroughput: OnDemandThroughput } | undefined {
  if (limits === undefined) return undefined;
  return {
    OnDemandThroughput: { MaxReadRequestUnits: limits.reads, MaxWriteRequestUnits: limits.writes },
  };
}

/** Throws where a change of capacity would change nothing. `what` is the table, or names an index. */
export function refuseUnchanged(what: string, now: Throughput, asked: Throughput): void {
  const [reads, writes] = [now.readCapacityUnits, now.writeCapacityUnits];
  if (reads !== asked.readCapacityUnits || writes !== asked.writeCapacityUnits) return;
  const of = what.split(' ')[0];
  throw validationError(
    `The provisioned throughput for the ${what} will not change. The requested value equals the ` +
      `current value. Current ReadCapacityUnits provisioned for the ${of}: ${reads}. Requested ` +
      `ReadCapacityUnits: ${reads}. Current WriteCapacityUnits provisioned for the ${of}: ` +
      `${writes}. Requested WriteCapacityUnits: ${writes}. Refer to the Amazon DynamoDB Developer ` +
      'Guide for current limits and how to request higher limits.',
  );
}

export function decreasesToday(table: StoredTable, nowMs: number): number {
  const last = table.decreasedMs;
  if (last === undefined || Math.floor(last / dayMs) < Math.floor(nowMs / dayMs)) return 0;
  return table.throughputDecreases;
}

/** What to keep of a change of capacity. Throws `LimitExceededException` where it comes too early. */
export function countedDecrease(
  table: StoredTable,
  next: Throughput,
  nowMs: number,
): Pick<StoredTable, 'throughputDecreases' | 'decreasedMs'> {
  const { throughput: now } = table;
  const count = decreasesToday(table, nowMs);
  const lowers =
    next.readCapacityUnits < now.readCapacityUnits ||
    next.writeCapacityUnits < now.writeCapacityUnits;
  if (!lowers || table.billingMode !== 'PROVISIONED') {
    return { throughputDecreases: count, decreasedMs: table.decreasedMs };
  }
  const early = table.decreasedMs !== undefined && nowMs - table.decreasedMs < hourMs;
  if (count >= decreasesMax || (count >= freeDecreases && early)) {
    throw limitExceeded(
      'Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC ' +
        'day. After the first 4 decreases, each subsequent decrease in the same UTC day can be ' +
        `performed at most once every 3600 seconds. Number of decreases today: ${count}. Last ` +
        `decrease at ${new Date(table.decreasedMs ?? nowMs).toUTCString()}. Next decrease can be ` +
        `made at ${new Date((table.decreasedMs ?? nowMs) + hourMs).toUTCString()}`,
    );
  }
  return { throughputDecreases: count + 1, decreasedMs: nowMs };
}
