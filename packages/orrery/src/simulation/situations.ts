/**
 * Situations that a campaign has to reach to be worth anything, counted in a history. A workload or
 * a nemesis that no longer provokes one of them has lost its teeth.
 */
import { type History, isWrite } from './history.ts';

/** How often each was reached; 0 is worth telling. */
export function situationsOf({ operations, commits }: History): ReadonlyMap<string, number> {
  const writerRegion = new Map(operations.map(({ value, region }) => [value, region]));
  const unknown = operations.filter((one) => isWrite(one) && one.outcome === 'unknown');
  const refused = operations.filter(
    (one) => one.kind === 'conditional-put' && one.outcome === 'failed',
  );
  const fromElsewhere = operations.filter(
    ({ observed, region }) => typeof observed === 'string' && writerRegion.get(observed) !== region,
  );
  const deletes = operations.filter((one) => one.kind === 'delete' && one.outcome === 'ok');
  return new Map([
    ['a write ended with its outcome unknown', unknown.length],
    ['a write of unknown outcome had been committed', committed(unknown, commits)],
    ['a conditional write was refused', refused.length],
    ['a value of another region was read', fromElsewhere.length],
    ['an item was deleted', deletes.length],
    ['two regions wrote one key at the same instant', ties(commits)],
  ]);
}

function committed(operations: History['operations'], commits: History['commits']): number {
  const values = new Set(commits.map(({ value }) => value));
  return operations.filter(({ value }) => value !== undefined && values.has(value)).length;
}

function ties(commits: History['commits']): number {
  const regions = new Map<string, Set<string>>();
  for (const { key, version } of commits) {
    const slot = `${key} ${version.timestamp}`;
    regions.set(slot, (regions.get(slot) ?? new Set()).add(version.region));
  }
  return [...regions.values()].filter(({ size }) => size > 1).length;
}
