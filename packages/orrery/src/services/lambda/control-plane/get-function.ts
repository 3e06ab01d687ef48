/**
 * GetFunction, GetFunctionConfiguration and ListFunctions.
 *
 * Code.Location is a data URL of the zip file: there is no presigned S3 URL to fetch it from.
 */
import type {
  FunctionConfiguration,
  GetFunctionRequest,
  GetFunctionResponse,
  ListFunctionsRequest,
  ListFunctionsResponse,
} from '@aws-sdk/client-lambda';
import { constraint } from '../errors.ts';
import { configurationOf } from './configuration.ts';
import { type ControlPlane, findFunction } from './control-plane.ts';

const listMax = 50;
/** A longer data URL would make GetFunction, which tools poll, a slow call. */
const inlineCodeBytesMax = 65_536;

export function getFunction(plane: ControlPlane) {
  return (input: GetFunctionRequest): GetFunctionResponse => {
    const record = findFunction(plane, input.FunctionName, input.Qualifier);
    const inline = record.codeSize <= inlineCodeBytesMax;
    const zip = inline ? Buffer.from(plane.code.read(record.codeDigest)).toString('base64') : '';
    const hasTags = Object.keys(record.tags).length > 0;
    return {
      Configuration: configurationOf(record),
      Code: {
        RepositoryType: 'S3',
        ...(inline ? { Location: `data:application/zip;base64,${zip}` } : {}),
      },
      ...(hasTags ? { Tags: record.tags } : {}),
      ...(record.reservedConcurrency === null
        ? {}
        : { Concurrency: { ReservedConcurrentExecutions: record.reservedConcurrency } }),
    };
  };
}

export function getFunctionConfiguration(plane: ControlPlane) {
  return (input: GetFunctionRequest): FunctionConfiguration =>
    configurationOf(findFunction(plane, input.FunctionName, input.Qualifier));
}

/** The marker is the name of the last function shown. */
export function listFunctions(plane: ControlPlane) {
  return (input: ListFunctionsRequest): ListFunctionsResponse => {
    const limit = input.MaxItems ?? listMax;
    if (limit < 1 || limit > 10_000) {
      throw constraint(limit, 'maxItems', 'Member must have value between 1 and 10000');
    }
    const after = input.Marker ?? '';
    const rest = plane.registry.list().filter((record) => record.name > after);
    const page = rest.slice(0, Math.min(limit, listMax));
    const last = page.at(-1);
    return {
      Functions: page.map(configurationOf),
      ...(rest.length > page.length && last !== undefined ? { NextMarker: last.name } : {}),
    };
  };
}
