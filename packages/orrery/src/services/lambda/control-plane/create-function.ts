/**
 * CreateFunction: a function in state Pending, Active after the transition.
 */
import type { CreateFunctionRequest, FunctionConfiguration } from '@aws-sdk/client-lambda';
import { constraint, invalidParameter, resourceConflict } from '../errors.ts';
import type { FunctionRecord } from '../functions.ts';
import { functionArn, parseFunctionName } from '../names.ts';
import { fetchCode } from './code-source.ts';
import { configurationOf } from './configuration.ts';
import type { ControlPlane } from './control-plane.ts';
import { scheduleTransition } from './transition.ts';
import * as check from './validation.ts';

/** Members that are stored and given back without effect: the README lists them. */
const declaredMembers = [
  'VpcConfig',
  'DeadLetterConfig',
  'KMSKeyArn',
  'FileSystemConfigs',
] as const;

export function createFunction(plane: ControlPlane) {
  return async (input: CreateFunctionRequest): Promise<FunctionConfiguration> => {
    const draft = draftOf(plane, input);
    refuseExisting(plane, draft.name);
    const code = await fetchCode(plane, input.Code ?? {});
    await plane.code.unpack(code);
    // Another call may have made it while the code was on its way.
    refuseExisting(plane, draft.name);
    plane.code.put(code);
    const record: FunctionRecord = {
      ...draft,
      codeDigest: code.digest,
      codeSize: code.size,
      codeSha256: code.sha256,
    };
    plane.registry.put(record);
    await plane.registry.flushed();
    scheduleTransition(plane.io, plane.registry, record);
    return configurationOf(record);
  };
}

function draftOf(plane: ControlPlane, input: CreateFunctionRequest): FunctionRecord {
  const { io, settings } = plane;
  const { name, qualifier } = parseFunctionName(input.FunctionName ?? '');
  if (qualifier !== '$LATEST') {
    throw constraint(input.FunctionName, 'functionName', 'a function is created without qualifier');
  }
  if ((input.PackageType ?? 'Zip') !== 'Zip') {
    throw invalidParameter('Orrery runs zip packages only: PackageType Image is not built.');
  }
  if ((input.Layers ?? []).length > 0) {
    throw invalidParameter('Orrery has no layers: bundle what the function needs into its code.');
  }
  if (input.Publish === true) {
    throw invalidParameter('Orrery publishes no versions yet: $LATEST is the only one.');
  }
  const runtime = check.checkRuntime(input.Runtime);
  const nowMs = io.clock.wallMs();
  return {
    name,
    arn: functionArn(settings.region, settings.accountId, name),
    runtime,
    role: check.checkRole(input.Role ?? ''),
    handler: check.checkHandler(input.Handler),
    description: check.checkDescription(input.Description ?? ''),
    timeoutS: check.checkTimeout(input.Timeout ?? 3),
    memoryMb: check.checkMemory(input.MemorySize ?? 128),
    ephemeralStorageMb: check.checkEphemeralStorage(input.EphemeralStorage?.Size ?? 512),
    environment: check.checkVariables(input.Environment?.Variables ?? {}),
    architecture: check.checkArchitecture(input.Architectures),
    tracingMode: input.TracingConfig?.Mode ?? 'PassThrough',
    logGroup: input.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    codeDigest: '',
    codeSize: 0,
    codeSha256: '',
    lastModifiedMs: nowMs,
    revisionId: io.random.uuid(),
    state: 'Pending',
    lastUpdateStatus: 'Successful',
    transitionEndsAtMs: nowMs + settings.transitionMs,
    generation: 1,
    tags: check.checkTags(input.Tags ?? {}),
    reservedConcurrency: null,
    policy: [],
    policyRevisionId: '',
    declared: declaredOf(input),
  };
}

function refuseExisting(plane: ControlPlane, name: string): void {
  if (plane.registry.get(name) !== undefined) {
    throw resourceConflict(`Function already exist: ${name}`);
  }
}

type Declared = Partial<Pick<CreateFunctionRequest, (typeof declaredMembers)[number]>>;

/** The members without effect that the caller has set. */
export function declaredOf(input: Declared): Record<string, unknown> {
  const declared: Record<string, unknown> = {};
  for (const member of declaredMembers) {
    if (input[member] !== undefined) declared[member] = input[member];
  }
  return declared;
}
