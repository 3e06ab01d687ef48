/**
 * What a resource type is to the engine. One file of this folder knows one type (or a family) and
 * the API calls behind it; the engine knows none.
 */

import type { Handle } from '../engine/records.ts';
import { isAlreadyExists } from '../engine/resource-failure.ts';
import type { Properties } from '../template/template.ts';

export interface ResourceType {
  readonly name: string;
  /** Properties whose change makes a new resource instead of changing the old one. */
  readonly replaceOn: readonly string[];
  /** The property by which a user names the resource: it cannot be replaced under that name. */
  readonly nameProperty?: string;
  /** Changes within a property that need a new resource. */
  readonly replaces?: (previous: Properties, next: Properties) => boolean;
  readonly create: (properties: Properties, context: ResourceContext) => Promise<Handle>;
  /** Changes it in place. Absent where every change replaces. */
  readonly update?: (
    handle: Handle,
    properties: Properties,
    previous: Properties,
    context: ResourceContext,
  ) => Promise<Handle>;
  /** What is already gone counts as deleted: the engine swallows not-found errors. */
  readonly delete: (
    handle: Handle,
    properties: Properties,
    context: ResourceContext,
  ) => Promise<void>;
}

export interface ResourceContext {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  readonly stackId: string;
  readonly logicalId: string;
  /** An earlier attempt may have made the resource and died before it could note that. */
  readonly resumed: boolean;
  /**
   * One AWS request to a service of this region (or of the edge, for global services). Throws
   * `ServiceError` with the service's code, or `NetError`.
   */
  readonly call: <Output>(
    service: string,
    operation: string,
    input: Readonly<Record<string, unknown>>,
  ) => Promise<Output>;
  /** A request to an address that is not an AWS API: JSON in, JSON out. */
  readonly post: <Output>(service: string, path: string, body: unknown) => Promise<Output>;
  /**
   * A name for what the user left unnamed: stack, logical id and a random suffix, as AWS makes it.
   * One draw per resource.
   */
  readonly physicalName: (lengthMax: number) => string;
  /** Told as soon as something exists, so that a failure later on still deletes it. */
  readonly made: (handle: Handle) => void;
  /** Repeats `check` until it answers true. Throws `ResourceFailure` when time is over. */
  readonly until: (what: string, check: () => Promise<boolean>) => Promise<void>;
  /** A UUID, for idempotency tokens. */
  readonly token: () => string;
}

/**
 * Makes what the user has named. Where an earlier attempt died in the middle, what it made is taken
 * over instead.
 */
export async function createNamed<Output>(
  context: ResourceContext,
  create: () => Promise<Output>,
  existing: () => Promise<Output>,
): Promise<Output> {
  try {
    return await create();
  } catch (error) {
    if (context.resumed && isAlreadyExists(error)) return await existing();
    throw error;
  }
}
