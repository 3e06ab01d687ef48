/**
 * Owns: carrying out the addition or removal of a replica, step by step, through crashes and
 * absences. Refuses to own: whether it is allowed (`replica-updates.ts`).
 *
 *  J1  A job is on disk before the caller is answered; after a restart it starts from its first
 *      step. Every step may be repeated.
 *  J2  All members, the new one too, log before snapshots are exchanged, so that each write is in a
 *      snapshot or in a log: those that clients made at the new replica too, whose table is open
 *      before it is a replica.
 *  J3  A step that fails is tried again, with a capped back-off, until it succeeds or the job is
 *      called off.
 */
import { requestJson } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import { type Io, NetError, type Random } from '../../../io/io.ts';
import type { SnapshotRequest } from '../../dynamodb/api.ts';
import type { Member, MembersMessage, StatusResponse } from '../api.ts';
import { applyAt, readSnapshotPage, type SnapshotPage } from '../data-plane/replica-address.ts';
import { nextMember, presentMembers } from '../membership.ts';
import type { Job, ReplicationState } from '../replication-state.ts';
import { copyTimeToLive, createTableLike, deleteTable, describeTable } from './dynamodb-api.ts';
import type { Members } from './members.ts';

export interface Jobs {
  /** Persists the job, in the place of the table's present one, and begins. */
  begin(job: Job): Promise<void>;
  /** Goes on with what a restart interrupted. */
  resume(): void;
  stop(): void;
}

export interface JobsSetup {
  readonly region: string;
  readonly state: ReplicationState;
  readonly members: Members;
}

const deadlineMs = 5_000;
const snapshotPage = 500;
const retryMsMin = 50;
const retryMsMax = 2_000;
/** How long the writes that a leaving replica still holds may take to leave it. */
const drainMs = 5_000;

/** The job was replaced, or the process is going down. */
class CalledOff extends Error {}

/** Makes what carries jobs out, several tables at a time, one job per table. */
export function createJobs(io: Io, setup: JobsSetup): Jobs {
  const { state } = setup;
  const random = io.random.split('global-tables/jobs');
  let stopped = false;

  async function run(job: Job): Promise<void> {
    const isOff = (): boolean => stopped || state.job(job.tableName) !== job;
    const steps = createSteps(io, random, job, isOff);
    try {
      await (job.kind === 'add' ? addReplica : removeReplica)(io, setup, steps);
      await state.dropJob(job);
    } catch (error) {
      if (!(error instanceof CalledOff)) throw error;
    }
  }

  return {
    async begin(job) {
      await state.saveJob(job);
      void run(job);
    },
    resume() {
      for (const job of state.jobs()) void run(job);
    },
    stop() {
      stopped = true;
    },
  };
}

interface Steps {
  readonly job: Job;
  /** Repeats one step until it succeeds (J3). */
  readonly step: <T>(name: string, run: () => Promise<T>) => Promise<T>;
}

function createSteps(io: Io, random: Random, job: Job, isOff: () => boolean): Steps {
  return {
    job,
    async step(name, run) {
      for (let failures = 0; ; failures += 1) {
        if (isOff()) throw new CalledOff();
        try {
          return await run();
        } catch (error) {
          if (!(error instanceof NetError || error instanceof ServiceError)) throw error;
          const { tableName, target } = job;
          const reason = error.message;
          io.probe.event('global-tables.step-failed', { tableName, target, step: name, reason });
          const cappedMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(failures, 16));
          const delayMs = Math.ceil(cappedMs * (0.5 + random.float() / 2));
          await io.timers.sleep(delayMs, 'global-tables.job');
        }
      }
    },
  };
}

async function addReplica(io: Io, setup: JobsSetup, { job, step }: Steps): Promise<void> {
  const { region, state } = setup;
  const { tableName, target } = job;
  await step('create table', async () => {
    const source = await describeTable(io.network, region, tableName);
    if (source === undefined) throw new CalledOff();
    await createTableLike(io.network, target, source);
  });
  await step('wait for table', async () => {
    const there = await describeTable(io.network, target, tableName);
    // After a restart it may have joined already, and not be ACTIVE until it is filled.
    if (there?.TableStatus === 'ACTIVE' || (there?.Replicas ?? []).length > 0) return;
    throw new ServiceError('TableNotActive', `${tableName} is not active yet in ${target}`);
  });
  await step('copy time to live', () => copyTimeToLive(io.network, region, target, tableName));
  const staying = stayingMembers(state, region, job);
  await announce(io, setup, { job, step }, 'CREATING', [target, ...staying]);
  // The table was open at the target before anything was logged there: what it took goes back.
  for (const member of staying) await copyTable(io, { job, step }, target, member);
  await copyTable(io, { job, step }, region, target);
  await announce(io, setup, { job, step }, 'ACTIVE', [target, ...staying]);
}

/** Everything that one region holds, page by page, to another; both may change meanwhile. */
async function copyTable(io: Io, { job, step }: Steps, from: string, to: string): Promise<void> {
  const { tableName } = job;
  let start: string | null = null;
  do {
    const request: SnapshotRequest = { tableName, start, limit: snapshotPage };
    const page: SnapshotPage = await step(`read snapshot of ${from}`, () =>
      readSnapshotPage(io.network, from, request),
    );
    await step(`apply snapshot to ${to}`, () => applyAt(io.network, to, page.body, deadlineMs));
    start = page.next;
  } while (start !== null);
}

async function removeReplica(io: Io, setup: JobsSetup, { job, step }: Steps): Promise<void> {
  const { region, state } = setup;
  const { tableName, target } = job;
  const staying = stayingMembers(state, region, job);
  if (target !== region) {
    // The target goes on sending what it has; nobody sends to it any more.
    await announce(io, setup, { job, step }, 'DELETING', [...staying, target]);
    const startedUs = io.clock.monotonicUs();
    await step('drain', async () => {
      if (await isDrained(io, job)) return;
      if (io.clock.monotonicUs() - startedUs > drainMs * 1_000) return;
      throw new ServiceError('NotDrained', `${target} still holds writes of ${tableName}`);
    });
    await announce(io, setup, { job, step }, 'GONE', [target]);
    await step('delete table', () => deleteTable(io.network, target, tableName));
  }
  await announce(io, setup, { job, step }, 'GONE', staying);
}

/**
 * Sets the target's status at all of these regions. This one is last: who follows the change by
 * DescribeTable here may count on all others.
 */
async function announce(
  io: Io,
  { region, state, members }: JobsSetup,
  { job, step }: Steps,
  status: Member['status'],
  to: readonly string[],
): Promise<void> {
  const { tableName, target } = job;
  const known = state.members(tableName);
  const current = known.find((member) => member.region === target);
  // After a restart the target may have been told already.
  const next = current?.status === status ? current : nextMember(known, target, status, region);
  const self = known.find((member) => member.region === region);
  const here = self ?? nextMember(known, region, 'ACTIVE', region);
  const others = known.filter((member) => member !== current && member !== self);
  const message: MembersMessage = {
    tableName,
    members: target === region ? [...others, next] : [...others, here, next],
  };
  const tell = (id: string): Promise<unknown> =>
    step(`tell ${id} ${status}`, async () => {
      if (id === region) return members.merge(message);
      const address = { region: id, service: 'global-tables' };
      return requestJson(io.network, address, '/members', message, { deadlineMs });
    });
  await Promise.all(to.filter((id) => id !== region).map(tell));
  if (to.includes(region)) await tell(region);
}

/** This region and every other member but the job's target. */
function stayingMembers(state: ReplicationState, region: string, { tableName, target }: Job) {
  const present = presentMembers(state.members(tableName)).map((member) => member.region);
  return [region, ...present.filter((id) => id !== region && id !== target)];
}

async function isDrained(io: Io, { tableName, target }: Job): Promise<boolean> {
  const status = await requestJson<StatusResponse>(
    io.network,
    { region: target, service: 'global-tables' },
    '/status',
    { tableName },
    { deadlineMs },
  );
  const peers = status.tables.flatMap((table) => table.peers);
  return peers.every((peer) => peer.queueDepth === 0);
}
