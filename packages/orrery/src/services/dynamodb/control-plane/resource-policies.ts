/**
 * PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, of tables and of their streams. Kept and
 * shown, not enforced.
 */
import type {
  DeleteResourcePolicyInput,
  GetResourcePolicyInput,
  PutResourcePolicyInput,
} from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../endpoint/service.ts';
import {
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  type Rules,
  required,
} from '../constraints.ts';
import { arnNotFound, invalidParameter, namedTableNotFound, validationError } from '../errors.ts';
import type { StoredPolicy } from '../storage/stored-table.ts';
import { tableNameOf } from '../table-names.ts';
import type { ControlPlane } from './control-plane.ts';

const policyBytesMax = 20 * 1024;
/** Stands for a revision where there must not be a policy yet. */
const noPolicy = 'NO_POLICY';

const arnRules: Rules = [['ResourceArn', required, lengthAtLeast(1), lengthAtMost(1283)]];
const revisionRule = ['ExpectedRevisionId', lengthAtLeast(1), lengthAtMost(255)] as const;
const putRules: Rules = [...arnRules, ['Policy', required], revisionRule];
const deleteRules: Rules = [...arnRules, revisionRule];

export function putResourcePolicy(plane: ControlPlane, input: PutResourcePolicyInput): object {
  checkConstraints(input, putRules);
  const subject = subjectOf(plane, input.ResourceArn);
  const policy = checkedPolicy(input.Policy ?? '');
  const old = subject.policy;
  checkRevision(subject, input.ExpectedRevisionId, noPolicy);
  // The same policy again keeps its revision.
  const revisionId =
    old?.policy === policy
      ? old.revisionId
      : String(plane.io.clock.wallMs() * 1000 + nextDigit(old));
  subject.keep({ policy, revisionId });
  return { RevisionId: revisionId };
}

/** Two revisions of one millisecond differ. */
function nextDigit(old: StoredPolicy | undefined): number {
  return old === undefined ? 0 : (Number(old.revisionId) + 1) % 1000;
}

export function getResourcePolicy(plane: ControlPlane, input: GetResourcePolicyInput): object {
  checkConstraints(input, arnRules);
  const { policy: found } = subjectOf(plane, input.ResourceArn);
  if (found === undefined) throw policyNotFound(input.ResourceArn);
  return { Policy: found.policy, RevisionId: found.revisionId };
}

/** Deleting what is not there succeeds, unless a revision was expected. */
export function deleteResourcePolicy(
  plane: ControlPlane,
  input: DeleteResourcePolicyInput,
): object {
  checkConstraints(input, deleteRules);
  const subject = subjectOf(plane, input.ResourceArn);
  checkRevision(subject, input.ExpectedRevisionId, undefined);
  const { policy: old } = subject;
  if (old === undefined) return {};
  subject.keep(undefined);
  return { RevisionId: old.revisionId };
}

/** Of a new table. */
export function checkedPolicy(policy: string): string {
  if (Buffer.byteLength(policy) > policyBytesMax) {
    throw validationError(
      `Resource policy size exceeds the maximum allowed size of ${policyBytesMax} bytes`,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(policy);
  } catch {
    throw invalidParameter('Invalid policy document: it is not JSON');
  }
  const statements = (parsed as { Statement?: unknown } | null)?.Statement;
  if (typeof statements !== 'object' || statements === null) {
    throw invalidParameter('Invalid policy document: it has no Statement');
  }
  return policy;
}

function checkRevision(
  { policy, arn, name }: Subject,
  expected: string | undefined,
  none: string | undefined,
): void {
  const found = policy?.revisionId;
  if (expected === undefined || expected === (found ?? none)) return;
  if (found === undefined) throw policyNotFound(arn);
  throw policyNotFound(
    expected === none
      ? `Requested policy update expecting none to be present for table ${name}, but a policy ` +
          `exists with revision id ${found}.`
      : `Requested update for policy with revision id ${expected}, but the policy associated to ` +
          `target table ${name} has revision id ${found}.`,
  );
}

function policyNotFound(what: string | undefined): ServiceError {
  return new ServiceError(
    'PolicyNotFoundException',
    `Resource-based policy not found for the provided ResourceArn: ${what}`,
  );
}

/** What a policy is of. */
interface Subject {
  readonly arn: string;
  /** Of the table. */
  readonly name: string;
  readonly policy: StoredPolicy | undefined;
  keep(policy: StoredPolicy | undefined): void;
}

function subjectOf(plane: ControlPlane, arn: string | undefined): Subject {
  const text = arn ?? '';
  if (!text.startsWith('arn:')) {
    throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${text}`);
  }
  if (text.includes('/stream/')) return streamOf(plane, text);
  const { catalog, region } = plane;
  const name = tableNameOf(text, region);
  const table = catalog.find(name);
  if (table === undefined) throw name === text ? arnNotFound(text) : namedTableNotFound(name);
  const { resourcePolicy, ...without } = table;
  return {
    arn: table.arn,
    name,
    policy: resourcePolicy,
    keep: (policy) =>
      catalog.replace(policy === undefined ? without : { ...without, resourcePolicy: policy }),
  };
}

function streamOf({ catalog, storage }: ControlPlane, arn: string): Subject {
  const stream = storage.streams.find(arn);
  const table = stream && catalog.find(stream.tableName);
  if (table === undefined || table.id !== stream?.tableId) throw arnNotFound(arn);
  const policies = table.streamPolicies ?? {};
  return {
    arn,
    name: table.name,
    policy: policies[stream.label],
    keep: (policy) => {
      const others = Object.entries(policies).filter(([label]) => label !== stream.label);
      const kept = policy === undefined ? others : [...others, [stream.label, policy] as const];
      catalog.replace({ ...table, streamPolicies: Object.fromEntries(kept) });
    },
  };
}
