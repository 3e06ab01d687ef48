/**
 * Owns: what every control-plane operation needs, and the look-ups that they share.
 */
import type { Io } from '../../../io/io.ts';
import type { CodeStore } from '../code.ts';
import { functionNotFound, preconditionFailed } from '../errors.ts';
import type { MappingRegistry } from '../event-source-mappings.ts';
import type { FunctionRecord, FunctionRegistry } from '../functions.ts';
import { functionArn, parseFunctionName } from '../names.ts';
import type { LambdaSettings } from '../options.ts';

export interface ControlPlane {
  readonly io: Io;
  readonly settings: LambdaSettings;
  readonly registry: FunctionRegistry;
  readonly mappings: MappingRegistry;
  readonly code: CodeStore;
}

/** The function of that name, ARN or partial ARN. Throws ResourceNotFoundException. */
export function findFunction(
  plane: ControlPlane,
  text: string | undefined,
  qualifier?: string,
): FunctionRecord {
  const parsed = parseFunctionName(text ?? '', qualifier);
  const arn = functionArn(plane.settings.region, plane.settings.accountId, parsed.name);
  const record = plane.registry.get(parsed.name);
  if (record === undefined) throw functionNotFound(arn);
  if (parsed.qualifier !== '$LATEST') throw functionNotFound(`${arn}:${parsed.qualifier}`);
  return record;
}

/** Throws where the caller's RevisionId is not the newest. */
export function checkRevision(record: FunctionRecord, revisionId: string | undefined): void {
  if (revisionId !== undefined && revisionId !== record.revisionId) throw preconditionFailed();
}
