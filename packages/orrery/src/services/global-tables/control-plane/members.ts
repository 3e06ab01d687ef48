/**
 * Owns: making a change of membership true in this region: DynamoDB knows, the disk knows, shippers
 * run. Refuses to own: deciding one (`replica-updates.ts`) and merging (`membership.ts`).
 *
 *  E1  A region that joins logs its writes before anything is shipped or copied; one that leaves
 *      stops shipping before its log goes.
 *  E2  Changes of one table happen one after the other.
 */
import { requestJson } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import type { Io } from '../../../io/io.ts';
import type { SetReplicasRequest } from '../../dynamodb/api.ts';
import type { Member, MembersMessage } from '../api.ts';
import { mergeMembers, presentMembers } from '../membership.ts';
import type { ReplicationState } from '../replication-state.ts';

export interface Members {
  /** Takes news in and answers with all that is known here. */
  merge(message: MembersMessage): Promise<MembersMessage>;
  /** Tells DynamoDB again what it should know, after a restart. */
  restore(tableName: string): Promise<void>;
}

export interface MembersSetup {
  readonly region: string;
  readonly state: ReplicationState;
  readonly reconcile: (tableName: string) => void;
}

const deadlineMs = 5_000;

export function createMembers(io: Io, { region, state, reconcile }: MembersSetup): Members {
  const busy = new Map<string, Promise<unknown>>();

  async function tellDynamoDb(tableName: string, members: readonly Member[]): Promise<void> {
    const present = presentMembers(members);
    const replicates = present.length > 1 && present.some((member) => member.region === region);
    const request: SetReplicasRequest = {
      tableName,
      replicas: replicates ? present.map(({ region: id, status }) => ({ region: id, status })) : [],
    };
    const to = { region, service: 'dynamodb-replica' };
    try {
      await requestJson(io.network, to, '/replicas', request, { deadlineMs });
    } catch (error) {
      // A table that is gone has nothing to know.
      const gone = error instanceof ServiceError && error.code === 'ResourceNotFoundException';
      if (!gone || replicates) throw error;
    }
  }

  async function change({ tableName, members }: MembersMessage): Promise<void> {
    const known = state.members(tableName);
    const next = mergeMembers(known, members);
    if (JSON.stringify(next) === JSON.stringify(known)) return;
    const present = presentMembers(next);
    const joins = present.length > 1 && present.some((member) => member.region === region);
    if (joins) await tellDynamoDb(tableName, next);
    await state.saveMembers(tableName, next);
    reconcile(tableName);
    if (!joins) await tellDynamoDb(tableName, next);
  }

  return {
    async merge(message) {
      const { tableName } = message;
      const before = busy.get(tableName) ?? Promise.resolve();
      const done = before.then(() => change(message));
      // Whoever waits in line is not concerned by the failure of the one before.
      busy.set(
        tableName,
        done.catch(() => {}),
      );
      await done;
      return { tableName, members: state.members(tableName) };
    },
    restore: (tableName) => tellDynamoDb(tableName, state.members(tableName)),
  };
}
