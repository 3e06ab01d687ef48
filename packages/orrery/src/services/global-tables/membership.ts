/**
 * Owns: who holds a table, as every member knows it, and how two accounts of it become one. Pure.
 * Refuses to own: carrying a change out (`control-plane/`), acting on it (`data-plane/`).
 *
 *  B1  Merging is commutative, associative and idempotent: members that heard the same news, in any
 *      order, agree. No coordinator is needed, and any member may start a change.
 */
import type { Member, ReplicaStatus } from './api.ts';

/** Joins two accounts; in order of region ids. */
export function mergeMembers(a: readonly Member[], b: readonly Member[]): Member[] {
  const byRegion = new Map(a.map((member) => [member.region, member]));
  for (const member of b) {
    const known = byRegion.get(member.region);
    if (known === undefined || isNewer(member, known)) byRegion.set(member.region, member);
  }
  return [...byRegion.values()].sort((x, y) => (x.region < y.region ? -1 : 1));
}

/** The next account of a member, by the region that decides it. */
export function nextMember(
  members: readonly Member[],
  region: string,
  status: Member['status'],
  by: string,
): Member {
  const epoch = members.find((member) => member.region === region)?.epoch ?? 0;
  return { region, status, epoch: epoch + 1, by };
}

/** Members that have not left. */
export function presentMembers(members: readonly Member[]): Member[] {
  return members.filter((member) => member.status !== 'GONE');
}

/** Regions that this one ships its writes to: none where it is alone or has left. */
export function peersOf(members: readonly Member[], region: string): string[] {
  const here = members.find((member) => member.region === region);
  if (here === undefined || here.status === 'GONE') return [];
  return members
    .filter((member) => member.region !== region && receives(member.status))
    .map((member) => member.region);
}

/** A member that is being deleted sends what it still has and is sent nothing. */
function receives(status: Member['status']): status is ReplicaStatus {
  return status === 'CREATING' || status === 'ACTIVE';
}

function isNewer(a: Member, b: Member): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  if (a.by !== b.by) return a.by > b.by;
  return a.status > b.status;
}
