/** Checks of what the regions hold after everything has settled. Pure. */
import type { Version } from '../../services/dynamodb/api.ts';
import type { Commit, Completed, History } from '../history.ts';
import type { Held, Replica } from '../target.ts';

/**
 * Where two replicas differ, in words; undefined where all are equal. A tombstone and nothing are
 * the same: each region forgets in its own time.
 */
export function explainDivergence(replicas: ReadonlyMap<string, Replica>): string | undefined {
  const [first, ...others] = [...replicas];
  if (first === undefined) return undefined;
  const [region, replica] = first;
  for (const [otherRegion, other] of others) {
    const keys = [...new Set([...replica.keys(), ...other.keys()])].sort();
    for (const key of keys) {
      const here = describe(replica.get(key));
      const there = describe(other.get(key));
      if (here !== there) return `${key}: ${region} holds ${here}, ${otherRegion} ${there}`;
    }
  }
  return undefined;
}

/**
 * An acknowledged write must stand, or have been superseded by a higher version. `replica` is the
 * one that all regions agree on.
 */
export function explainLostWrite(history: History, replica: Replica): string | undefined {
  const byValue = new Map(
    history.commits.map((commit) => [commit.value, commit] as const).filter(([value]) => value),
  );
  const deletes = history.commits.filter(({ value }) => value === null);
  for (const operation of history.operations) {
    if (operation.outcome !== 'ok') continue;
    const commit =
      operation.kind === 'delete'
        ? deleteOf(operation, deletes)
        : operation.value === undefined
          ? undefined
          : byValue.get(operation.value);
    if (commit === undefined) {
      if (operation.value === undefined) continue;
      return `${operation.value} was acknowledged and never committed`;
    }
    const held = replica.get(operation.key);
    if (held === undefined && wasDeleted(operation, commit, deletes)) continue;
    if (held === undefined || compareVersions(held.version, commit.version) < 0) {
      const what = operation.value ?? `delete by ${operation.client}`;
      return `${operation.key}: ${what} (${text(commit.version)}) was acknowledged by ${operation.region}, ${describe(held)} is held`;
    }
  }
  return undefined;
}

/** What stands must have been written, under that key and that version. */
export function explainInvention(history: History, replica: Replica): string | undefined {
  const commits = new Set(
    history.commits.map(({ key, value, version }) => `${key} ${value} ${text(version)}`),
  );
  for (const [key, held] of replica) {
    if (!commits.has(`${key} ${held.value} ${text(held.version)}`)) {
      return `${key}: ${describe(held)} is held, and nobody wrote it`;
    }
  }
  return undefined;
}

/** Nothing is held, and a delete at or after that version explains it: its tombstone is forgotten. */
function wasDeleted(operation: Completed, commit: Commit, deletes: readonly Commit[]): boolean {
  return deletes.some(
    ({ key, version }) => key === operation.key && compareVersions(version, commit.version) >= 0,
  );
}

/**
 * The least version that an acknowledged delete can have: deletes of one key in one region at the
 * same time are not told apart. None where there was nothing to delete.
 */
function deleteOf(operation: Completed, deletes: readonly Commit[]): Commit | undefined {
  return deletes
    .filter(
      (commit) =>
        commit.region === operation.region &&
        commit.key === operation.key &&
        commit.atUs >= operation.invokedUs &&
        commit.atUs <= operation.completedUs,
    )
    .sort((a, b) => compareVersions(a.version, b.version))[0];
}

/** Order of versions, kept apart from the product's own: a checker must not share its mistakes. */
export function compareVersions(a: Version, b: Version): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
  return a.region === b.region ? 0 : a.region < b.region ? -1 : 1;
}

function describe(held: Held | undefined): string {
  if (held === undefined || held.value === null) return 'nothing';
  return `${held.value} (${text(held.version)})`;
}

function text(version: Version): string {
  return `${version.timestamp} ${version.region}`;
}
