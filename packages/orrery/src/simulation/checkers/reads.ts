/** Checks of what clients were told. Pure, over the history alone. */
import type { Version } from '../../services/dynamodb/api.ts';
import { type Completed, type History, isWrite } from '../history.ts';
import { explainNotLinearizable } from './linearizability.ts';
import { compareVersions } from './replicas.ts';

/** A value that is read must have been asked for before, under that key. */
export function explainInventedRead({ operations }: History): string | undefined {
  const writes = new Map(operations.map((operation) => [operation.value, operation]));
  for (const read of operations) {
    if (read.observed === undefined || read.observed === null) continue;
    const write = writes.get(read.observed);
    if (write === undefined || write.key !== read.key || write.invokedUs > read.completedUs) {
      return `${read.client} read ${read.observed} at ${read.key}, which nobody had written`;
    }
    if (write.outcome === 'failed') {
      return `${read.client} read ${read.observed}, the write of which was refused`;
    }
  }
  return undefined;
}

/**
 * A client that stays in one region reads there, consistently, its own last acknowledged write of
 * a key, or something newer.
 */
export function explainForgottenWrite({ operations, commits }: History): string | undefined {
  const versions = new Map(commits.map(({ value, version }) => [value, version]));
  const last = new Map<string, Completed>();
  for (const operation of operations) {
    const slot = `${operation.client} ${operation.key}`;
    if (isWrite(operation) && operation.value !== undefined && operation.outcome === 'ok') {
      last.set(slot, operation);
    }
    if (operation.kind !== 'consistent-get' || operation.outcome !== 'ok') continue;
    const own = last.get(slot);
    const version = versions.get(own?.value ?? '');
    if (own === undefined || version === undefined) continue;
    const seen = versions.get(operation.observed ?? '');
    const newer =
      operation.observed === null
        ? hasTombstone(operation, version) || wasForgotten(operation, own)
        : (seen !== undefined && compareVersions(seen, version) >= 0) ||
          wasForgotten(operation, own);
    if (!newer) {
      return `${operation.client} wrote ${own.value} at ${own.key} and then read ${operation.observed}`;
    }
  }
  return undefined;

  function hasTombstone(read: Completed, version: Version): boolean {
    return commits.some(
      (commit) =>
        commit.value === null &&
        commit.key === read.key &&
        commit.atUs <= read.completedUs &&
        compareVersions(commit.version, version) > 0,
    );
  }

  /**
   * Deleted here, in between, without a tombstone: a table without replicas keeps none, and what
   * comes to it later from a new replica finds nothing that it could lose against.
   */
  function wasForgotten(read: Completed, own: Completed): boolean {
    const mayDelete = (one: Completed): boolean =>
      one.kind === 'delete' &&
      one.key === read.key &&
      one.region === read.region &&
      one.outcome !== 'failed' &&
      one.invokedUs <= read.completedUs &&
      one.completedUs >= own.invokedUs;
    // An unknown outcome has no end; what a later delete leaves says nothing of this one.
    const leftTombstone = (one: Completed): boolean =>
      commits.some(
        ({ value, key, region, atUs }) =>
          value === null &&
          key === one.key &&
          region === one.region &&
          atUs >= one.invokedUs &&
          atUs <= Math.min(one.completedUs, read.completedUs),
      );
    return operations.some((one) => mayDelete(one) && !leftTombstone(one));
  }
}

/** Within one region, a value gives way to one acknowledged conditional write or update only. */
export function explainDoubleReplacement({ operations }: History): string | undefined {
  const successors = new Map<string, Completed>();
  for (const operation of operations) {
    if (operation.outcome !== 'ok' || !operation.key.startsWith('register-')) continue;
    const replaced = replacedBy(operation);
    if (replaced === undefined) continue;
    const slot = `${operation.region} ${operation.key} ${replaced}`;
    const before = successors.get(slot);
    if (before !== undefined) {
      return `${operation.value} and ${before.value} both replaced ${replaced} in ${operation.region}`;
    }
    successors.set(slot, operation);
  }
  return undefined;
}

/** The value that an acknowledged operation found and replaced in one step. */
function replacedBy(operation: Completed): string | null | undefined {
  if (operation.kind === 'conditional-put') return operation.expected;
  return operation.kind === 'update' ? operation.observed : undefined;
}

/**
 * Consistent reads and own writes of one region are linearizable, for keys that are never deleted.
 * What comes by replication is a write that takes effect at some time after it was asked for.
 */
export function explainNotLinear({ operations }: History, region: string): string | undefined {
  const byKey = new Map<string, Completed[]>();
  for (const operation of operations) {
    if (!operation.key.startsWith('register-')) continue;
    const list = byKey.get(operation.key);
    if (list === undefined) byKey.set(operation.key, [operation]);
    else list.push(operation);
  }
  for (const [key, list] of byKey) {
    const writes = list.flatMap(({ value, outcome, invokedUs, completedUs, region: at }) =>
      value === undefined || outcome === 'failed'
        ? []
        : [
            {
              value,
              invokedUs,
              completedUs: at === region ? completedUs : Number.POSITIVE_INFINITY,
            },
          ],
    );
    const reads = list.flatMap((operation) => {
      const { invokedUs, completedUs, outcome } = operation;
      if (operation.region !== region || outcome !== 'ok' || operation.kind === 'get') return [];
      const value =
        operation.kind === 'consistent-get' ? operation.observed : replacedBy(operation);
      return value === undefined ? [] : [{ value, invokedUs, completedUs }];
    });
    const reason = explainNotLinearizable(writes, reads);
    if (reason !== undefined) return `${key} in ${region}: ${reason}`;
  }
  return undefined;
}
