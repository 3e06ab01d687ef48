/**
 * UpdateEventSourceMapping and DeleteEventSourceMapping. What was read stays read: an update goes on
 * where the mapping was.
 */
import type {
  DeleteEventSourceMappingRequest,
  EventSourceMappingConfiguration,
  UpdateEventSourceMappingRequest,
} from '@aws-sdk/client-lambda';
import { resourceInUse } from '../errors.ts';
import type { MappingRecord, MappingState } from '../event-source-mappings.ts';
import type { ControlPlane } from './control-plane.ts';
import { refuseExisting, targetOf } from './create-event-source-mapping.ts';
import { mappingConfiguration } from './event-source-configuration.ts';
import { changedSettings } from './event-source-settings.ts';
import { findMapping } from './get-event-source-mapping.ts';

export function updateEventSourceMapping(plane: ControlPlane) {
  return async (
    input: UpdateEventSourceMappingRequest,
  ): Promise<EventSourceMappingConfiguration> => {
    const before = settledMapping(plane, input.UUID, 'update');
    const changed = changedSettings(before, input);
    const target = input.FunctionName === undefined ? before : targetOf(plane, input.FunctionName);
    refuseExisting(plane, before.streamArn, target.functionArn, before.uuid);
    return await put(plane, {
      ...before,
      ...changed,
      functionName: target.functionName,
      functionArn: target.functionArn,
      lastModifiedMs: plane.io.clock.wallMs(),
      state: transitionOf(before.isEnabled, changed.isEnabled),
    });
  };
}

export function deleteEventSourceMapping(plane: ControlPlane) {
  return async (
    input: DeleteEventSourceMappingRequest,
  ): Promise<EventSourceMappingConfiguration> => {
    const before = settledMapping(plane, input.UUID, 'delete');
    const lastModifiedMs = plane.io.clock.wallMs();
    return await put(plane, { ...before, lastModifiedMs, state: 'Deleting' });
  };
}

/** The result is read before: a mapping that is deleted is gone soon. */
async function put(
  { mappings }: ControlPlane,
  record: MappingRecord,
): Promise<EventSourceMappingConfiguration> {
  const result = mappings.result(record.uuid);
  mappings.put(record);
  await mappings.flushed();
  return mappingConfiguration(record, result);
}

function settledMapping(
  plane: ControlPlane,
  uuid: string | undefined,
  verb: 'update' | 'delete',
): MappingRecord {
  const record = findMapping(plane, uuid);
  if (record.state === 'Enabled' || record.state === 'Disabled') return record;
  throw resourceInUse(`Cannot ${verb} the event source mapping because it is in use.`);
}

function transitionOf(wasEnabled: boolean, isEnabled: boolean): MappingState {
  if (wasEnabled === isEnabled) return 'Updating';
  return isEnabled ? 'Enabling' : 'Disabling';
}
