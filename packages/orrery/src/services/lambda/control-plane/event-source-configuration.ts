/**
 * Owns: how a mapping's record looks as AWS's EventSourceMappingConfiguration.
 */
import type { MappingRecord } from '../event-source-mappings.ts';

/** Times as the endpoint takes them: epoch milliseconds. */
export function mappingConfiguration(
  record: MappingRecord,
  lastProcessingResult: string,
): Readonly<Record<string, unknown>> {
  return {
    UUID: record.uuid,
    StartingPosition: record.startingPosition,
    BatchSize: record.batchSize,
    MaximumBatchingWindowInSeconds: record.batchingWindowS,
    ParallelizationFactor: record.parallelizationFactor,
    EventSourceArn: record.streamArn,
    ...(record.filters.length > 0 && {
      FilterCriteria: { Filters: record.filters.map((Pattern) => ({ Pattern })) },
    }),
    FunctionArn: record.functionArn,
    LastModified: record.lastModifiedMs,
    LastProcessingResult: lastProcessingResult,
    State: record.state,
    StateTransitionReason: 'User action',
    DestinationConfig: { OnFailure: {} },
    MaximumRecordAgeInSeconds: record.recordAgeMaxS,
    BisectBatchOnFunctionError: record.bisects,
    MaximumRetryAttempts: record.retryAttemptsMax,
    TumblingWindowInSeconds: 0,
    FunctionResponseTypes: record.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    EventSourceMappingArn: record.arn,
    ...record.declared,
  };
}
