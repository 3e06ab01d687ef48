/**
 * Owns: what every control-plane operation needs: look-ups, identifiers, pages, and the automatic
 * deployment of a changed API.
 */
import type { Io } from '../../../io/io.ts';
import { badRequest, notFound } from '../errors.ts';
import type { ApiRecord, ApiStore, DeploymentRecord, DomainRecord } from '../state.ts';

export interface ControlPlane {
  readonly io: Io;
  readonly state: ApiStore;
  readonly accountId: string;
  readonly region: string;
}

/** Deployments made by hand that an API keeps. Automatic ones last as long as a stage has them. */
const deploymentsMax = 100;

export function findApi(plane: ControlPlane, apiId: string | undefined): ApiRecord {
  const record = plane.state.apis.get(apiId ?? '');
  if (record === undefined) throw notFound('API', `${plane.accountId}:${apiId ?? ''}`);
  return record;
}

export function findDomain(plane: ControlPlane, domainName: string | undefined): DomainRecord {
  const record = plane.state.domains.get((domainName ?? '').toLowerCase());
  if (record === undefined) throw notFound('domain name', domainName ?? '');
  return record;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new identifier of lower-case letters and digits, not among those taken. */
export function newId(
  plane: ControlPlane,
  length: number,
  isTaken: (id: string) => boolean,
): string {
  for (;;) {
    const letter = (): string => alphabet.charAt(plane.io.random.int(0, alphabet.length - 1));
    const id = Array.from({ length }, letter).join('');
    if (!isTaken(id)) return id;
  }
}

/** The working copy is new: stages that deploy by themselves get it. */
export function withAutoDeploy(plane: ControlPlane, record: ApiRecord): ApiRecord {
  if (!record.stages.some((stage) => stage.autoDeploy)) return record;
  const deployment = deploymentOf(plane, record, true);
  return pruned({
    ...record,
    deployments: [...record.deployments, deployment],
    stages: record.stages.map((stage) =>
      stage.autoDeploy
        ? { ...stage, deploymentId: deployment.deploymentId, updatedMs: deployment.createdMs }
        : stage,
    ),
  });
}

/** A deployment of the API as it is now. */
export function deploymentOf(
  plane: ControlPlane,
  record: ApiRecord,
  auto: boolean,
  description?: string,
): DeploymentRecord {
  const taken = (id: string): boolean => record.deployments.some((one) => one.deploymentId === id);
  return {
    deploymentId: newId(plane, 6, taken),
    createdMs: plane.io.clock.wallMs(),
    description,
    auto,
    routes: record.routes,
    integrations: record.integrations,
  };
}

/** Without the deployments that nothing can name any more. */
function pruned(record: ApiRecord): ApiRecord {
  const used = new Set(record.stages.map((stage) => stage.deploymentId));
  const kept = record.deployments.filter((one) => !one.auto || used.has(one.deploymentId));
  if (kept.filter((one) => !one.auto).length > deploymentsMax) {
    throw badRequest(`Maximum number of deployments (${deploymentsMax}) reached for this API`);
  }
  return { ...record, deployments: kept };
}

export interface PageRequest {
  readonly MaxResults?: string | undefined;
  readonly NextToken?: string | undefined;
}

/** A page of a list; the token is the place of its next item. */
export function pageOf<T>(
  items: readonly T[],
  { MaxResults, NextToken }: PageRequest,
): { Items: T[]; NextToken?: string } {
  const size = Number(MaxResults ?? 100);
  const start = Number(NextToken ?? 0);
  if (!Number.isInteger(size) || size < 1) throw badRequest('Invalid value for maxResults');
  if (!Number.isInteger(start) || start < 0) throw badRequest('Invalid value for nextToken');
  const end = start + Math.min(size, 500);
  return {
    Items: items.slice(start, end),
    ...(end < items.length ? { NextToken: String(end) } : {}),
  };
}

/** Only the members that are not undefined: for `{...record, ...changes}`. */
export function defined<T extends object>(
  changes: T,
): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined),
  ) as Partial<{ [K in keyof T]: NonNullable<T[K]> }>;
}

/** Replaces the item that has the same identity, or throws what `missing` says. */
export function replaced<T>(items: readonly T[], isIt: (item: T) => boolean, by: T): readonly T[] {
  return items.map((item) => (isIt(item) ? by : item));
}
