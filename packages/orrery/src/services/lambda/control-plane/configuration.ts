/**
 * Owns: how a function's record looks as AWS's FunctionConfiguration.
 */
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { FunctionRecord } from '../functions.ts';

/** `2026-11-24T10:26:28.000+0000`, as Lambda writes LastModified. */
export function lambdaTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '+0000');
}

export function configurationOf(record: FunctionRecord): FunctionConfiguration {
  const hasVariables = Object.keys(record.environment).length > 0;
  const pending = record.state === 'Pending';
  return {
    FunctionName: record.name,
    FunctionArn: record.arn,
    Runtime: record.runtime as NonNullable<FunctionConfiguration['Runtime']>,
    Role: record.role,
    Handler: record.handler,
    CodeSize: record.codeSize,
    Description: record.description,
    Timeout: record.timeoutS,
    MemorySize: record.memoryMb,
    LastModified: lambdaTime(record.lastModifiedMs),
    CodeSha256: record.codeSha256,
    Version: '$LATEST',
    ...(hasVariables ? { Environment: { Variables: record.environment } } : {}),
    TracingConfig: {
      Mode: record.tracingMode === 'Active' ? ('Active' as const) : ('PassThrough' as const),
    },
    RevisionId: record.revisionId,
    State: record.state,
    ...(pending
      ? { StateReason: 'The function is being created.', StateReasonCode: 'Creating' as const }
      : {}),
    ...(pending ? {} : { LastUpdateStatus: record.lastUpdateStatus }),
    PackageType: 'Zip',
    Architectures: [record.architecture === 'arm64' ? ('arm64' as const) : ('x86_64' as const)],
    EphemeralStorage: { Size: record.ephemeralStorageMb },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: record.logGroup },
    ...record.declared,
  };
}
