/**
 * CreateEventSourceMapping: a mapping in state Creating, Enabled or Disabled soon.
 *
 * C1  LATEST is the newest record at this moment: what is written after the answer is read, also
 *     where the mapping becomes Enabled later, or the process dies meanwhile.
 */
import type {
  CreateEventSourceMappingRequest,
  EventSourceMappingConfiguration,
} from '@aws-sdk/client-lambda';
import { ServiceError } from '../../../endpoint/service.ts';
import { NetError } from '../../../io/io.ts';
import { invalidParameter, resourceConflict } from '../errors.ts';
import {
  type Checkpoint,
  type MappingRecord,
  nothingProcessed,
  type StartingPosition,
} from '../event-source-mappings.ts';
import { parseFunctionName } from '../names.ts';
import { compareSequenceNumbers, createStreamSource } from '../stream-source.ts';
import type { ControlPlane } from './control-plane.ts';
import { mappingConfiguration } from './event-source-configuration.ts';
import {
  changedSettings,
  checkStartingPosition,
  checkStreamArn,
  defaultSettings,
} from './event-source-settings.ts';
import { checkTags } from './validation.ts';

export function createEventSourceMapping(plane: ControlPlane) {
  return async (
    input: CreateEventSourceMappingRequest,
  ): Promise<EventSourceMappingConfiguration> => {
    const { io, settings, mappings } = plane;
    const streamArn = checkStreamArn(input.EventSourceArn, settings.region);
    const startingPosition = checkStartingPosition(input.StartingPosition, streamArn);
    const changed = changedSettings(defaultSettings, input);
    const target = targetOf(plane, input.FunctionName);
    refuseExisting(plane, streamArn, target.functionArn);
    const checkpoints = await startOf(plane, streamArn, startingPosition);
    // Another call may have made it while the stream was asked.
    refuseExisting(plane, streamArn, target.functionArn);
    const uuid = io.random.uuid();
    const nowMs = io.clock.wallMs();
    const record: MappingRecord = {
      uuid,
      arn: `arn:aws:lambda:${settings.region}:${settings.accountId}:event-source-mapping:${uuid}`,
      streamArn,
      startingPosition,
      ...changed,
      ...target,
      createdMs: nowMs,
      lastModifiedMs: nowMs,
      state: 'Creating',
      tags: checkTags(input.Tags ?? {}),
    };
    mappings.put(record, checkpoints);
    await mappings.flushed();
    return mappingConfiguration(record, nothingProcessed);
  };
}

/** The function of a mapping. There are no versions and aliases: only $LATEST exists. */
export function targetOf(
  plane: ControlPlane,
  functionName: string | undefined,
): { readonly functionName: string; readonly functionArn: string } {
  const { name, qualifier } = parseFunctionName(functionName ?? '');
  const found = plane.registry.get(name);
  if (found === undefined || qualifier !== '$LATEST') {
    throw invalidParameter('Function does not exist');
  }
  return { functionName: name, functionArn: found.arn };
}

/** A stream and a function have one mapping at most; `uuid` is the one that may. */
export function refuseExisting(
  { mappings }: ControlPlane,
  streamArn: string,
  functionArn: string,
  uuid?: string,
): void {
  const same = mappings
    .list()
    .find((one) => one.streamArn === streamArn && one.functionArn === functionArn);
  if (same === undefined || same.uuid === uuid) return;
  throw resourceConflict(
    `The event source arn (" ${streamArn} ") and function (" ${same.functionName} ") provided ` +
      `mapping already exists. Please update or delete the existing mapping with UUID ${same.uuid}`,
  );
}

/** Where the shards are begun, apart from those that are begun with their oldest record. */
async function startOf(
  { io, settings }: ControlPlane,
  streamArn: string,
  position: StartingPosition,
): Promise<ReadonlyMap<string, Checkpoint>> {
  const source = createStreamSource(io, settings.region, streamArn);
  try {
    const head = await source.wait('', 0);
    const shards = await source.shards();
    const started = new Map<string, Checkpoint>();
    if (position === 'TRIM_HORIZON') return started;
    for (const { id, first, last } of shards) {
      if (last !== undefined && compareSequenceNumbers(last, head) <= 0) {
        started.set(id, { after: head, isDone: true });
      } else if (compareSequenceNumbers(first, head) <= 0) {
        started.set(id, { after: head, isDone: false });
      }
    }
    return started;
  } catch (error) {
    if (error instanceof NetError) {
      throw invalidParameter(`Cannot access stream ${streamArn}: it does not answer. Try again.`);
    }
    if (!(error instanceof ServiceError)) throw error;
    throw invalidParameter(`Stream not found: ${streamArn}`);
  }
}
