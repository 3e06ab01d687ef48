/**
 * ListResourceRecordSets, in its order: names with their labels reversed, then type, then set
 * identifier, each compared as ASCII; and GetChange.
 */
import type { GetChangeRequest, ListResourceRecordSetsRequest } from '@aws-sdk/client-route-53';
import { invalidInput } from '../errors.ts';
import { keyOf, rangeOf, reversedName } from '../keys.ts';
import type { RecordSet } from '../record-set.ts';
import { normalizeName } from './names.ts';
import { bareId, type ControlPlane, pageSize, readZone } from './plane.ts';
import { changeOutput } from './propagation.ts';

const maxPage = 300;

export const listResourceRecordSets =
  ({ store }: ControlPlane) =>
  (input: ListResourceRecordSetsRequest): object => {
    const zone = readZone(store, input.HostedZoneId);
    const limit = pageSize(input.MaxItems, maxPage);
    const { end } = rangeOf('set', zone.id);
    const start = startKey(zone.id, input);
    const sets = [...store.range({ start, end, limit: limit + 1 })].map(
      ({ value }) => JSON.parse(value) as RecordSet,
    );
    const next = sets[limit];
    return {
      ResourceRecordSets: sets.slice(0, limit),
      IsTruncated: next !== undefined,
      ...(next === undefined ? {} : { NextRecordName: next.Name, NextRecordType: next.Type }),
      ...(next?.SetIdentifier === undefined ? {} : { NextRecordIdentifier: next.SetIdentifier }),
      MaxItems: limit,
    };
  };

function startKey(zoneId: string, input: ListResourceRecordSetsRequest): Uint8Array {
  const { StartRecordName: name, StartRecordType: type, StartRecordIdentifier: set } = input;
  if (name === undefined) {
    if (type !== undefined || set !== undefined) throw invalidInput('The input is not valid');
    return rangeOf('set', zoneId).start;
  }
  if (set !== undefined && type === undefined) throw invalidInput('The input is not valid');
  const normalized = normalizeName(name);
  if ('problem' in normalized) throw invalidInput(normalized.problem);
  const parts = [reversedName(normalized.name)];
  if (type !== undefined) parts.push(type, set ?? '');
  return keyOf('set', zoneId, ...parts);
}

export const getChange =
  ({ propagation }: ControlPlane) =>
  (input: GetChangeRequest): object => ({
    ChangeInfo: changeOutput(propagation.read(bareId(input.Id))),
  });
