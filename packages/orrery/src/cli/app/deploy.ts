/**
 * Brings an app's stacks into the cloud, by the same requests that any tool would send: assets to
 * each region's S3, then a stack at a time to CloudFormation, each after those it depends on and
 * the others side by side. Owns the order and the report. Refuses to own reading the app.
 *
 * D1  Nothing is sent for what stands already: an asset's key is its content, and CloudFormation
 *     says itself when there is nothing to update.
 * D2  A failure names every resource that failed, with the reason, and stops what depends on it.
 */
import { readFile } from 'node:fs/promises';
import type {
  DescribeStackEventsOutput,
  DescribeStacksOutput,
  Stack,
} from '@aws-sdk/client-cloudformation';
import { ServiceError } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import { NetError } from '../../io/io.ts';
import { type Caller, createCaller } from '../../services/cloudformation/calls.ts';
import { walk } from '../../services/cloudformation/engine/walk.ts';
import type { Dependencies } from '../../services/cloudformation/template/dependencies.ts';
import { utf8Encode } from '../../stdx/bytes.ts';
import { AppError } from './app-error.ts';
import type { AppStack, Asset } from './cloud-assembly.ts';
import { zipDirectory } from './zip-directory.ts';

export type DeployEvent =
  | {
      readonly kind: 'assets';
      readonly uploaded: number;
      readonly present: number;
      readonly ms: number;
    }
  | { readonly kind: 'stack-started'; readonly stack: AppStack; readonly action: StackAction }
  | {
      readonly kind: 'stack-done';
      readonly stack: AppStack;
      readonly action: StackAction;
      readonly ms: number;
      /** Output name → value. */
      readonly outputs: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'stack-failed';
      readonly stack: AppStack;
      readonly reasons: readonly string[];
    };

export type StackAction = 'create' | 'update' | 'unchanged' | 'delete';

export interface DeployOptions {
  /** Told as it goes on, for the terminal. */
  readonly report?: (event: DeployEvent) => void;
  readonly stackTimeLimitMs?: number;
  /** The cloud's regions, for an early word on stacks that belong elsewhere. */
  readonly regions?: readonly string[];
  /** Reads an asset, zipped where it is a directory; from disk unless told otherwise. */
  readonly readAsset?: (asset: Asset) => Promise<Uint8Array>;
}

export interface DeployedStack {
  readonly name: string;
  readonly region: string;
  readonly action: StackAction;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Above this CloudFormation takes a template from S3 only. */
const inlineTemplateBytesMax = 51_200;
const callDeadlineMs = 60_000;
const capabilities = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'];

/**
 * Deploys every stack. `io` is that of a process whose network reaches all regions. Throws
 * `AppError` with the failed resources and their reasons.
 */
export async function deployApp(
  io: Io,
  stacks: readonly AppStack[],
  options: DeployOptions = {},
): Promise<readonly DeployedStack[]> {
  checkRegions(stacks, options.regions);
  const deployment = new Deployment(io, options);
  await deployment.uploadAssets(stacks);
  return await deployment.deploy(stacks);
}

/** Deletes every stack, in the reverse order. Throws `AppError`. */
export async function undeployApp(
  io: Io,
  stacks: readonly AppStack[],
  options: DeployOptions = {},
): Promise<void> {
  await new Deployment(io, options).undeploy(stacks);
}

class Deployment {
  readonly #io: Io;
  readonly #caller: Caller;
  readonly #readAsset: (asset: Asset) => Promise<Uint8Array>;
  readonly #report: (event: DeployEvent) => void;
  readonly #timeLimitMs: number;

  constructor(io: Io, options: DeployOptions) {
    this.#io = io;
    this.#caller = createCaller(io, { deadlineMs: callDeadlineMs });
    this.#readAsset = options.readAsset ?? assetBody;
    this.#report = options.report ?? (() => {});
    this.#timeLimitMs = options.stackTimeLimitMs ?? 300_000;
  }

  async uploadAssets(stacks: readonly AppStack[]): Promise<void> {
    const startUs = this.#io.clock.monotonicUs();
    const wanted = new Map<string, Asset>();
    for (const asset of stacks.flatMap(({ assets }) => assets)) {
      wanted.set(`${asset.region} ${asset.bucket} ${asset.key}`, asset);
    }
    // The same directory goes to several regions; it is zipped once.
    const bodies = new Map<string, Promise<Uint8Array>>();
    const uploads = [...wanted.values()].map(async (asset) => {
      if (await this.#hasObject(asset)) return false;
      const body = bodies.get(asset.path) ?? this.#readAsset(asset);
      bodies.set(asset.path, body);
      await this.#putObject(asset.region, asset.bucket, asset.key, await body);
      return true;
    });
    const results = await settle(uploads).catch((error: unknown) => {
      throw isExpected(error) ? new AppError(`cannot upload assets: ${error.message}`) : error;
    });
    const uploaded = results.filter((one) => one).length;
    this.#report({
      kind: 'assets',
      uploaded,
      present: results.length - uploaded,
      ms: this.#msSince(startUs),
    });
  }

  async deploy(stacks: readonly AppStack[]): Promise<DeployedStack[]> {
    const deployed: DeployedStack[] = [];
    await this.#inOrder(stacks, graphOf(stacks), 'deploy', async (stack) => {
      const startUs = this.#io.clock.monotonicUs();
      const action = await this.#apply(stack);
      if (action !== 'unchanged') this.#report({ kind: 'stack-started', stack, action });
      const outputs = outputsOf(await this.#finished(stack));
      this.#report({ kind: 'stack-done', stack, action, ms: this.#msSince(startUs), outputs });
      deployed.push({ name: stack.name, region: stack.region, action, outputs });
    });
    return deployed;
  }

  async undeploy(stacks: readonly AppStack[]): Promise<void> {
    const graph = new Map<string, Set<string>>(stacks.map(({ id }) => [id, new Set()]));
    for (const { id, dependsOn } of stacks) for (const one of dependsOn) graph.get(one)?.add(id);
    await this.#inOrder(stacks, graph, 'delete', async (stack) => {
      const startUs = this.#io.clock.monotonicUs();
      const action = 'delete';
      this.#report({ kind: 'stack-started', stack, action });
      await this.#delete(stack);
      this.#report({ kind: 'stack-done', stack, action, ms: this.#msSince(startUs), outputs: {} });
    });
  }

  async #inOrder(
    stacks: readonly AppStack[],
    graph: Dependencies,
    what: string,
    task: (stack: AppStack) => Promise<void>,
  ): Promise<void> {
    const byId = new Map(stacks.map((stack) => [stack.id, stack]));
    const { done, failed } = await walk(graph, async (id) => {
      const stack = byId.get(id);
      if (stack !== undefined) await task(stack);
    });
    if (failed.length === 0 && done.length === stacks.length) return;
    const lines = failed.map(({ id, error }) => {
      if (!isExpected(error)) throw error;
      const stack = byId.get(id);
      return `${stack?.name} (${stack?.region}): ${error.message}`;
    });
    if (failed.length === 0) lines.push('the stacks depend on each other in a circle');
    throw new AppError(`could not ${what} the app\n${lines.join('\n')}`);
  }

  /** Begins whatever the stack's state asks for. */
  async #apply(stack: AppStack): Promise<StackAction> {
    const current = await this.#describe(stack);
    if (current !== undefined && needsNewLife(current)) await this.#delete(stack);
    const exists = current !== undefined && !needsNewLife(current);
    const input = {
      StackName: stack.name,
      ...(await this.#template(stack)),
      Capabilities: capabilities,
      Tags: Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value })),
    };
    if (!exists) {
      await this.#cloudFormation(stack, 'CreateStack', input);
      return 'create';
    }
    try {
      await this.#cloudFormation(stack, 'UpdateStack', input);
      return 'update';
    } catch (error) {
      if (isNoUpdate(error)) return 'unchanged';
      throw error;
    }
  }

  async #template({ region, name, templateBody }: AppStack): Promise<object> {
    const bytes = utf8Encode(templateBody);
    if (bytes.length <= inlineTemplateBytesMax) return { TemplateBody: templateBody };
    const bucket = `cdk-hnb659fds-assets-000000000000-${region}`;
    const key = `templates/${name}.json`;
    await this.#putObject(region, bucket, key, bytes);
    return { TemplateURL: `https://s3.${region}.amazonaws.com/${bucket}/${key}` };
  }

  /** Waits for the end of what goes on. Throws `AppError` where that is a failure. */
  async #finished(stack: AppStack): Promise<Stack> {
    const startUs = this.#io.clock.monotonicUs();
    for (;;) {
      const now = await this.#describe(stack);
      if (now === undefined) throw new AppError('the stack is gone');
      const status = now.StackStatus ?? '';
      if (!status.endsWith('_IN_PROGRESS')) {
        if (/^(CREATE|UPDATE)_COMPLETE$/.test(status)) return now;
        throw await this.#failure(stack, now);
      }
      if (this.#msSince(startUs) > this.#timeLimitMs) {
        throw new AppError(`still ${status} after ${this.#timeLimitMs / 1000} s`);
      }
    }
  }

  async #delete(stack: AppStack): Promise<void> {
    const current = await this.#describe(stack);
    if (current === undefined) return;
    await this.#cloudFormation(stack, 'DeleteStack', { StackName: stack.name });
    const StackName = current.StackId ?? stack.name;
    for (;;) {
      const now = await this.#describe({ ...stack, name: StackName });
      if (now === undefined || now.StackStatus === 'DELETE_COMPLETE') return;
      if (now.StackStatus === 'DELETE_FAILED') throw await this.#failure(stack, now);
    }
  }

  /** What failed, from the events since the last operation began; newest first there. */
  async #failure(stack: AppStack, current: Stack): Promise<AppError> {
    const { StackEvents = [] } = await this.#cloudFormation<DescribeStackEventsOutput>(
      stack,
      'DescribeStackEvents',
      { StackName: current.StackId },
    );
    const reasons: string[] = [];
    for (const event of StackEvents) {
      if (event.ResourceStatus?.endsWith('_FAILED') && event.LogicalResourceId !== stack.name) {
        const what = `${event.LogicalResourceId} (${event.ResourceType})`;
        reasons.unshift(`${what}: ${event.ResourceStatusReason ?? event.ResourceStatus}`);
      }
      if (event.ResourceStatusReason === 'User Initiated') break;
    }
    if (reasons.length === 0) reasons.push(current.StackStatusReason ?? '');
    this.#report({ kind: 'stack-failed', stack, reasons });
    return new AppError(
      [`${current.StackStatus}`, ...reasons.map((reason) => `  ${reason}`)].join('\n'),
    );
  }

  async #describe(stack: AppStack): Promise<Stack | undefined> {
    try {
      const { Stacks } = await this.#cloudFormation<DescribeStacksOutput>(stack, 'DescribeStacks', {
        StackName: stack.name,
      });
      return Stacks?.[0];
    } catch (error) {
      if (error instanceof ServiceError && /does not exist$/.test(error.message)) return undefined;
      throw error;
    }
  }

  async #cloudFormation<Output>(
    stack: AppStack,
    operation: string,
    input: object,
  ): Promise<Output> {
    const members = input as Readonly<Record<string, unknown>>;
    return await this.#caller.call('cloudformation', operation, members, stack.region);
  }

  async #hasObject({ region, bucket, key }: Asset): Promise<boolean> {
    try {
      await this.#caller.call('s3', 'HeadObject', { Bucket: bucket, Key: key }, region);
      return true;
    } catch (error) {
      if (error instanceof ServiceError && error.status === 404) return false;
      throw error;
    }
  }

  async #putObject(region: string, Bucket: string, Key: string, Body: Uint8Array): Promise<void> {
    const put = (): Promise<unknown> =>
      this.#caller.call('s3', 'PutObject', { Bucket, Key, Body }, region);
    try {
      await put();
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'NoSuchBucket')) throw error;
      // An app with an account or a bootstrap qualifier of its own: its bucket is made on the way.
      await this.#caller.call('s3', 'CreateBucket', { Bucket }, region);
      await put();
    }
  }

  #msSince(startUs: number): number {
    return Math.round((this.#io.clock.monotonicUs() - startUs) / 1000);
  }
}

/** What a deployment may meet; anything else is a mistake of ours. */
function isExpected(error: unknown): error is Error {
  return error instanceof AppError || error instanceof ServiceError || error instanceof NetError;
}

function checkRegions(stacks: readonly AppStack[], regions?: readonly string[]): void {
  if (regions === undefined) return;
  const strangers = stacks.filter(({ region }) => !regions.includes(region));
  if (strangers.length === 0) return;
  const lines = strangers.map(({ name, region }) => `  ${name} belongs to ${region}`);
  const wanted = [...new Set(stacks.map(({ region }) => region))].join(',');
  throw new AppError(
    `the app has stacks for regions that do not run (${regions.join(', ')} do):\n` +
      `${lines.join('\n')}\nStart with --regions ${wanted}`,
  );
}

async function assetBody(asset: Asset): Promise<Uint8Array> {
  try {
    return asset.packaging === 'zip' ? await zipDirectory(asset.path) : await readFile(asset.path);
  } catch (error) {
    throw new AppError(`cannot read ${asset.path}: ${error instanceof Error ? error.message : ''}`);
  }
}

/** Waits for all, so that nothing goes on behind the back of the first failure. */
async function settle<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

function graphOf(stacks: readonly AppStack[]): Dependencies {
  const ids = new Set(stacks.map(({ id }) => id));
  return new Map(
    stacks.map(({ id, dependsOn }) => [id, new Set(dependsOn.filter((one) => ids.has(one)))]),
  );
}

/** A stack that never stood, or is half deleted, makes room for a new one. */
function needsNewLife({ StackStatus }: Stack): boolean {
  return /^(ROLLBACK_(COMPLETE|FAILED)|DELETE_FAILED|REVIEW_IN_PROGRESS)$/.test(StackStatus ?? '');
}

function isNoUpdate(error: unknown): boolean {
  return error instanceof ServiceError && error.message === 'No updates are to be performed.';
}

function outputsOf(stack: Stack): Record<string, string> {
  return Object.fromEntries(
    (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}
