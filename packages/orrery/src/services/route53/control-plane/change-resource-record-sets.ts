/**
 * ChangeResourceRecordSets: a batch of changes, all or none.
 *
 * B1  One transaction: every change and every rule, then the queued propagation; a problem found
 *     anywhere leaves the zone as it was, and all problems are told at once.
 */
import type { ChangeResourceRecordSetsRequest } from '@aws-sdk/client-route-53';
import type { WriteTransaction } from '../../../io/io.ts';
import { constraint, invalidChangeBatch, noSuchHealthCheck } from '../errors.ts';
import { keyOf } from '../keys.ts';
import type { GroupUpdate, RecordSet } from '../record-set.ts';
import { checkLength, commentMax } from './constraints.ts';
import { isInZone } from './names.ts';
import {
  type ControlPlane,
  deleteSet,
  newId,
  putSet,
  readZone,
  setKey,
  type ZoneRecord,
} from './plane.ts';
import { changeOutput } from './propagation.ts';
import { type NormalizedChange, normalizeChange } from './record-input.ts';
import { apexProblems, problemsOf } from './record-rules.ts';
import { locationKey } from './routing-input.ts';
import { ZoneSets } from './zone-sets.ts';

const maxRecords = 1000;
const maxCharacters = 32_000;

export const changeResourceRecordSets =
  ({ io, store, propagation }: ControlPlane) =>
  async (input: ChangeResourceRecordSetsRequest): Promise<object> => {
    checkLength(input.ChangeBatch?.Comment, 0, commentMax, 'changeBatch.comment');
    const changes = normalizeBatch(input);
    const change = store.transaction((transaction) => {
      const zone = readZone(transaction, input.HostedZoneId);
      const problems: string[] = [];
      let delta = 0;
      for (const each of changes) delta += applyChange(transaction, zone, each, problems);
      const sets = new ZoneSets(transaction, zone.id);
      sets.readAll(changes.map(({ set }) => set.Name));
      if (problems.length === 0) {
        for (const set of touchedSets(changes)) {
          problems.push(...problemsOf(transaction, zone, sets, set));
        }
        problems.push(...apexProblems(sets, zone));
      }
      if (problems.length > 0) throw invalidChangeBatch([...new Set(problems)]);
      const changed = { ...zone, recordCount: zone.recordCount + delta };
      transaction.put(keyOf('zone', zone.id), JSON.stringify(changed));
      return propagation.submit(
        transaction,
        [{ kind: 'records', zoneId: zone.id, groups: groupsOf(sets, changes) }],
        { id: newId(io, 'C'), comment: input.ChangeBatch?.Comment ?? null },
      );
    });
    await store.flushed();
    return { ChangeInfo: change === undefined ? {} : changeOutput(change) };
  };

/** Form, size and values of a batch, before anything is read. */
function normalizeBatch(input: ChangeResourceRecordSetsRequest): NormalizedChange[] {
  const given = input.ChangeBatch?.Changes ?? [];
  if (given.length === 0) {
    throw constraint(
      '[]',
      'changeBatch.changes',
      'Member must have length greater than or equal to 1',
    );
  }
  let records = 0;
  let characters = 0;
  for (const { Action: action, ResourceRecordSet: set } of given) {
    const factor = action === 'UPSERT' ? 2 : 1;
    const values = set?.ResourceRecords ?? [];
    records += factor * Math.max(1, values.length);
    for (const { Value: value } of values) characters += factor * (value?.length ?? 0);
  }
  const limits: string[] = [];
  if (records > maxRecords) limits.push(`Number of records limit of ${maxRecords} exceeded.`);
  if (characters > maxCharacters) {
    limits.push(`Number of characters limit of ${maxCharacters} exceeded.`);
  }
  if (limits.length > 0) throw invalidChangeBatch(limits);
  const problems: string[] = [];
  const changes = given.map((change, index) => normalizeChange(change, index, problems));
  if (problems.length > 0) throw invalidChangeBatch(problems);
  return changes.filter((change) => change !== undefined);
}

/** Applies one change and returns by how many sets the zone has grown. */
function applyChange(
  transaction: WriteTransaction,
  zone: ZoneRecord,
  { action, set }: NormalizedChange,
  problems: string[],
): number {
  if (!isInZone(set.Name, zone.name)) {
    problems.push(`RRSet with DNS name ${set.Name} is not permitted in zone ${zone.name}`);
    return 0;
  }
  const check = set.HealthCheckId;
  if (action !== 'DELETE' && check !== undefined) {
    if (transaction.get(keyOf('health-check', check)) === undefined) {
      throw noSuchHealthCheck(check);
    }
  }
  const key = setKey(zone.id, set);
  const text = transaction.get(key);
  if (action === 'DELETE') {
    if (text === undefined) problems.push(`Tried to delete ${title(set)} but it was not found`);
    else if (!isSame(text, set)) {
      problems.push(
        `Tried to delete ${title(set)} but the values provided do not match the current values`,
      );
    } else deleteSet(transaction, zone.id, set, key);
    return text === undefined ? 0 : -1;
  }
  if (action === 'CREATE' && text !== undefined) {
    problems.push(`Tried to create ${title(set)} but it already exists`);
    return 0;
  }
  if (text !== undefined) deleteSet(transaction, zone.id, JSON.parse(text) as RecordSet, key);
  putSet(transaction, zone.id, set, key);
  return text === undefined ? 1 : 0;
}

function title(set: RecordSet): string {
  const identifier =
    set.SetIdentifier === undefined ? '' : `, set-identifier='${set.SetIdentifier}'`;
  return `resource record set [name='${set.Name}', type='${set.Type}'${identifier}]`;
}

/** Whether a kept set is the given one; most often it is written alike. */
function isSame(kept: string, set: RecordSet): boolean {
  if (kept === JSON.stringify(set)) return true;
  return canonical(JSON.parse(kept) as RecordSet) === canonical(set);
}

/** Equal for equal sets, whatever the order of members and values. */
function canonical(set: RecordSet): string {
  const values = (set.ResourceRecords ?? []).map(({ Value }) => Value).sort();
  return JSON.stringify([
    set.Name,
    set.Type,
    set.SetIdentifier,
    set.Weight,
    set.Region,
    set.Failover,
    set.MultiValueAnswer,
    locationKey(set),
    set.GeoProximityLocation?.Bias ?? 0,
    set.TTL,
    values,
    set.AliasTarget?.HostedZoneId,
    set.AliasTarget?.DNSName,
    set.AliasTarget?.EvaluateTargetHealth,
    set.HealthCheckId,
  ]);
}

/** The sets that a batch leaves behind, each as it was written last. */
function touchedSets(changes: readonly NormalizedChange[]): RecordSet[] {
  const left = new Map<string, RecordSet>();
  for (const { action, set } of changes) {
    const key = `${set.Name} ${set.Type} ${set.SetIdentifier ?? ''}`;
    if (action === 'DELETE') left.delete(key);
    else left.set(key, set);
  }
  return [...left.values()];
}

/** The groups that a batch has touched, as they are now. */
function groupsOf(sets: ZoneSets, changes: readonly NormalizedChange[]): GroupUpdate[] {
  const groups = new Map<string, GroupUpdate>();
  for (const { set } of changes) {
    const key = `${set.Name} ${set.Type}`;
    if (groups.has(key)) continue;
    const { Name: name, Type: type } = set;
    groups.set(key, { name, type, sets: sets.group(name, type) });
  }
  return [...groups.values()];
}
