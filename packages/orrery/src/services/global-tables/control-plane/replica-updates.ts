/**
 * Owns: what UpdateTable's `ReplicaUpdates` may ask for. Answers as soon as the change is accepted;
 * carrying it out is a job (`jobs.ts`), to be followed by ReplicaStatus.
 */
import type { TableDescription } from '@aws-sdk/client-dynamodb';
import { type Io, NetError } from '../../../io/io.ts';
import { isRegion, regions } from '../../../world/regions.ts';
import type { Member, ReplicaUpdate, ReplicaUpdatesRequest } from '../api.ts';
import { errors } from '../errors.ts';
import { nextMember, presentMembers } from '../membership.ts';
import type { ReplicationState } from '../replication-state.ts';
import { describeTable } from './dynamodb-api.ts';
import type { Jobs } from './jobs.ts';
import type { Members } from './members.ts';

export interface ReplicaUpdatesSetup {
  readonly region: string;
  readonly state: ReplicationState;
  readonly members: Members;
  readonly jobs: Jobs;
}

interface Change {
  readonly action: 'Create' | 'Update' | 'Delete';
  readonly target: string;
}

/** Checks the request and begins. Throws what UpdateTable answers with. */
export async function updateReplicas(
  io: Io,
  setup: ReplicaUpdatesSetup,
  { tableName, updates }: ReplicaUpdatesRequest,
): Promise<object> {
  const { region, state } = setup;
  const { action, target } = parse(updates);
  if (target === region) throw errors.localRegion();
  if (!isRegion(target)) throw errors.unknownRegion(target, supportedRegions);
  const source = await describeTable(io.network, region, tableName);
  if (source === undefined) throw errors.tableNotFound(tableName);
  const present = presentMembers(state.members(tableName));
  const member = present.find((one) => one.region === target);
  if (action === 'Create') await create(io, setup, tableName, target, present);
  else if (member === undefined) throw errors.notMember([target]);
  else if (action === 'Delete') await remove(io, setup, tableName, member);
  return {};
}

async function create(
  io: Io,
  { region, state, members, jobs }: ReplicaUpdatesSetup,
  tableName: string,
  target: string,
  present: readonly Member[],
): Promise<void> {
  requireIdle(state, tableName);
  if (present.some((member) => member.region === target)) throw errors.alreadyExists(tableName);
  if ((await describeAt(io, target, tableName)) !== undefined)
    throw errors.alreadyExists(tableName);
  // Again: another request may have come while the other region was asked.
  requireIdle(state, tableName);
  await jobs.begin({ kind: 'add', tableName, target });
  const known = state.members(tableName);
  const here = nextMember(known, region, 'ACTIVE', region);
  await members.merge({
    tableName,
    members: [
      ...(present.some((member) => member.region === region) ? [] : [here]),
      nextMember(known, target, 'CREATING', region),
    ],
  });
}

async function remove(
  io: Io,
  { region, state, members, jobs }: ReplicaUpdatesSetup,
  tableName: string,
  member: Member,
): Promise<void> {
  const target = member.region;
  // A replica that never gets ready may be removed where its creation was asked for.
  const job = state.job(tableName);
  const replaces = job?.kind === 'add' && job.target === target;
  if (!replaces) requireIdle(state, tableName);
  const there = await describeUnlessDown(io, target, tableName);
  if (there?.DeletionProtectionEnabled === true) throw errors.protected();
  if (state.job(tableName) !== job) throw errors.inUse();
  await jobs.begin({ kind: 'remove', tableName, target });
  const deleting = nextMember(state.members(tableName), target, 'DELETING', region);
  await members.merge({ tableName, members: [deleting] });
}

const supportedRegions = regions.map((region) => region.id);

/** One update, with one action, of one region; the same one twice counts once. */
function parse(updates: readonly ReplicaUpdate[]): Change {
  const changes = new Map<string, Change>();
  for (const update of updates) {
    const actions = (['Create', 'Update', 'Delete'] as const).filter(
      (action) => update[action] !== undefined,
    );
    const [action] = actions;
    if (action === undefined) throw errors.noAction();
    if (actions.length > 1) throw errors.mixedActions();
    const members = Object.keys(update[action] ?? {});
    if (action === 'Update' && members.length < 2) throw errors.noAction();
    const target = update[action]?.RegionName ?? '';
    changes.set(`${action} ${target}`, { action, target });
  }
  const [change] = changes.values();
  if (change === undefined) throw errors.noAction();
  if (changes.size > 1) throw errors.severalActions();
  return change;
}

function requireIdle(state: ReplicationState, tableName: string): void {
  const members = state.members(tableName);
  const job = state.job(tableName);
  const target = members.find((member) => member.region === job?.target);
  // Done is what shows as done, also while the job itself is still being put away.
  const done = target?.status === (job?.kind === 'add' ? 'ACTIVE' : 'GONE');
  const changing = presentMembers(members).some((member) => member.status !== 'ACTIVE');
  if (changing || (job !== undefined && !done)) throw errors.inUse();
}

async function describeAt(
  io: Io,
  target: string,
  tableName: string,
): Promise<TableDescription | undefined> {
  try {
    return await describeTable(io.network, target, tableName);
  } catch (error) {
    if (error instanceof NetError) throw errors.regionNotRunning(target);
    throw error;
  }
}

async function describeUnlessDown(
  io: Io,
  target: string,
  tableName: string,
): Promise<TableDescription | undefined> {
  try {
    return await describeTable(io.network, target, tableName);
  } catch (error) {
    if (error instanceof NetError) return undefined;
    throw error;
  }
}
