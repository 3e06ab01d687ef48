/**
 * DeleteFunction: calls under way end, later ones find nothing.
 */
import type { DeleteFunctionRequest } from '@aws-sdk/client-lambda';
import { invalidParameter } from '../errors.ts';
import { parseFunctionName } from '../names.ts';
import { type ControlPlane, findFunction } from './control-plane.ts';

export function deleteFunction(plane: ControlPlane) {
  return async (input: DeleteFunctionRequest): Promise<Record<string, never>> => {
    const { qualifier } = parseFunctionName(input.FunctionName ?? '', input.Qualifier);
    if (input.Qualifier !== undefined && qualifier === '$LATEST') {
      throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
    }
    const record = findFunction(plane, input.FunctionName, input.Qualifier);
    plane.registry.remove(record.name);
    dropUnusedCode(plane, record.codeDigest);
    await plane.registry.flushed();
    return {};
  };
}

/** Drops a zip file that no function of the registry names. */
export function dropUnusedCode(plane: ControlPlane, digest: string): void {
  if (plane.registry.list().some((record) => record.codeDigest === digest)) return;
  plane.code.drop(digest);
}
