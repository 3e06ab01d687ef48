/**
 * GetEventSourceMapping and ListEventSourceMappings.
 */
import type {
  EventSourceMappingConfiguration,
  GetEventSourceMappingRequest,
  ListEventSourceMappingsRequest,
  ListEventSourceMappingsResponse,
} from '@aws-sdk/client-lambda';
import { invalidParameter, resourceNotFound } from '../errors.ts';
import type { MappingRecord } from '../event-source-mappings.ts';
import { parseFunctionName } from '../names.ts';
import type { ControlPlane } from './control-plane.ts';
import { mappingConfiguration } from './event-source-configuration.ts';
import { inRange } from './validation.ts';

const pageMax = 100;

/** Throws ResourceNotFoundException. */
export function findMapping({ mappings }: ControlPlane, uuid: string | undefined): MappingRecord {
  const record = mappings.get(uuid ?? '');
  if (record === undefined) {
    throw resourceNotFound('The resource you requested does not exist.');
  }
  return record;
}

export function getEventSourceMapping(plane: ControlPlane) {
  return (input: GetEventSourceMappingRequest): EventSourceMappingConfiguration =>
    configurationOf(plane, findMapping(plane, input.UUID));
}

/** The marker is the UUID of the last mapping shown. */
export function listEventSourceMappings(plane: ControlPlane) {
  return (input: ListEventSourceMappingsRequest): ListEventSourceMappingsResponse => {
    const limit = inRange(input.MaxItems ?? pageMax, 'maxItems', 1, 10_000);
    const name =
      input.FunctionName === undefined ? undefined : parseFunctionName(input.FunctionName).name;
    const all = plane.mappings.list();
    const from = input.Marker === undefined ? 0 : after(all, input.Marker);
    const rest = all
      .slice(from)
      .filter(({ functionName }) => name === undefined || functionName === name)
      .filter(({ streamArn }) => [undefined, streamArn].includes(input.EventSourceArn));
    const page = rest.slice(0, Math.min(limit, pageMax));
    const last = page.at(-1);
    return {
      EventSourceMappings: page.map((record) => configurationOf(plane, record)),
      ...(rest.length > page.length && last !== undefined && { NextMarker: last.uuid }),
    };
  };
}

function after(all: readonly MappingRecord[], marker: string): number {
  const at = all.findIndex(({ uuid }) => uuid === marker);
  if (at === -1) throw invalidParameter('Invalid Marker: the mapping that it stands for is gone.');
  return at + 1;
}

function configurationOf(
  { mappings }: ControlPlane,
  record: MappingRecord,
): EventSourceMappingConfiguration {
  return mappingConfiguration(record, mappings.result(record.uuid));
}
