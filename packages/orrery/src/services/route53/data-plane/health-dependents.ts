/**
 * Which names hang on which health check: record sets with the check's id, and aliases above them that
 * evaluate their target. Owns the index; takes up no room for groups that hang on none.
 *
 * Invariant: a group is listed under exactly what its present sets name.
 */
import type { RecordSet } from '../record-set.ts';

export interface DependentGroup {
  readonly zoneId: string;
  /** As Route 53 writes it, with its final dot. */
  readonly name: string;
  readonly type: string;
}

interface Known {
  readonly group: DependentGroup;
  readonly causes: readonly string[];
}

export class HealthDependents {
  private readonly known = new Map<string, Known>();
  /** Groups by cause: the id of a check, or the key of the group that an alias leads to. */
  private readonly byCause = new Map<string, Set<string>>();

  /** Takes in all sets of a group; none where it is gone. */
  set(group: DependentGroup, sets: readonly RecordSet[]): void {
    const causes = [...new Set(sets.flatMap((set) => causesOf(group, set)))];
    // A million plain records are loaded by here.
    if (causes.length === 0 && this.known.size === 0) return;
    const key = keyOf(group);
    for (const cause of this.known.get(key)?.causes ?? []) {
      const groups = this.byCause.get(cause);
      groups?.delete(key);
      if (groups?.size === 0) this.byCause.delete(cause);
    }
    if (causes.length === 0) {
      this.known.delete(key);
      return;
    }
    this.known.set(key, { group, causes });
    for (const cause of causes) {
      const groups = this.byCause.get(cause) ?? new Set();
      this.byCause.set(cause, groups.add(key));
    }
  }

  /** The groups whose answers may change with these checks, alias trees included. */
  of(checkIds: Iterable<string>): readonly DependentGroup[] {
    const found = new Map<string, DependentGroup>();
    const causes = [...checkIds].map(checkCause);
    for (let cause = causes.pop(); cause !== undefined; cause = causes.pop()) {
      for (const key of this.byCause.get(cause) ?? []) {
        const group = this.known.get(key)?.group;
        if (group === undefined || found.has(key)) continue;
        found.set(key, group);
        causes.push(key);
      }
    }
    return [...found.values()];
  }
}

const checkCause = (id: string): string => `check ${id}`;

function keyOf({ zoneId, name, type }: DependentGroup): string {
  return `group ${zoneId} ${name} ${type}`;
}

function causesOf(
  { zoneId, type }: DependentGroup,
  { HealthCheckId: id, AliasTarget: target }: RecordSet,
): string[] {
  const causes = id === undefined ? [] : [checkCause(id)];
  if (target?.EvaluateTargetHealth === true && target.HostedZoneId === zoneId) {
    const name = `${target.DNSName.toLowerCase().replace(/\.$/, '')}.`;
    causes.push(keyOf({ zoneId, name, type }));
  }
  return causes;
}
