/**
 * Owns: what may be in an event source mapping, with AWS's texts where they are known.
 * Refuses to own: whether function and stream exist (create-event-source-mapping.ts).
 */
import type { CreateEventSourceMappingRequest } from '@aws-sdk/client-lambda';
import { constraint, invalidParameter } from '../errors.ts';
import type { MappingSettings, StartingPosition } from '../event-source-mappings.ts';
import { compilePattern, FilterPatternError } from '../filter-pattern.ts';
import { inRange } from './validation.ts';

/** Members that CreateEventSourceMapping and UpdateEventSourceMapping share. */
export type SettingsInput = Omit<
  CreateEventSourceMappingRequest,
  'FunctionName' | 'EventSourceArn' | 'StartingPosition' | 'StartingPositionTimestamp' | 'Tags'
>;

type Settings = Omit<MappingSettings, 'functionName' | 'functionArn'>;

export const defaultSettings: Settings = {
  isEnabled: true,
  batchSize: 100,
  batchingWindowS: 0,
  parallelizationFactor: 1,
  recordAgeMaxS: -1,
  retryAttemptsMax: -1,
  bisects: false,
  reportsItemFailures: false,
  filters: [],
  declared: {},
};

/** Stored and given back without effect: the README lists them. */
const declaredMembers = [
  'DestinationConfig',
  'KMSKeyArn',
  'MetricsConfig',
  'LoggingConfig',
] as const;

/** Members for sources that are not built. */
const foreignMembers = [
  ...(['Topics', 'Queues', 'SourceAccessConfigurations', 'SelfManagedEventSource'] as const),
  ...(['AmazonManagedKafkaEventSourceConfig', 'SelfManagedKafkaEventSourceConfig'] as const),
  ...(['DocumentDBEventSourceConfig', 'ScalingConfig', 'ProvisionedPollerConfig'] as const),
];

const filtersMax = 5;
const patternLengthMax = 4_096;
const destinationPattern = /^arn:aws[a-z-]*:(sqs|sns|s3):/;

/** What the input sets, on top of what holds already. */
export function changedSettings(before: Settings, input: SettingsInput): Settings {
  refuseForeign(input);
  const declared = { ...before.declared };
  checkDestination(input);
  for (const member of declaredMembers) {
    if (input[member] !== undefined) declared[member] = input[member];
  }
  return {
    isEnabled: input.Enabled ?? before.isEnabled,
    batchSize: ranged(input.BatchSize, 'batchSize', 1, 10_000) ?? before.batchSize,
    batchingWindowS:
      ranged(input.MaximumBatchingWindowInSeconds, 'maximumBatchingWindowInSeconds', 0, 300) ??
      before.batchingWindowS,
    parallelizationFactor:
      ranged(input.ParallelizationFactor, 'parallelizationFactor', 1, 10) ??
      before.parallelizationFactor,
    recordAgeMaxS: recordAgeOf(input.MaximumRecordAgeInSeconds) ?? before.recordAgeMaxS,
    retryAttemptsMax:
      ranged(input.MaximumRetryAttempts, 'maximumRetryAttempts', -1, 10_000) ??
      before.retryAttemptsMax,
    bisects: input.BisectBatchOnFunctionError ?? before.bisects,
    reportsItemFailures: reportsOf(input.FunctionResponseTypes) ?? before.reportsItemFailures,
    filters: filtersOf(input.FilterCriteria) ?? before.filters,
    declared,
  };
}

export function checkStartingPosition(
  position: string | undefined,
  streamArn: string,
): StartingPosition {
  if (position === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy " +
        'constraint: Member must not be null.',
    );
  }
  if (position === 'TRIM_HORIZON' || position === 'LATEST') return position;
  if (position === 'AT_TIMESTAMP') {
    throw invalidParameter(`Unsupported starting position for arn type: ${streamArn}`);
  }
  throw constraint(
    position,
    'startingPosition',
    'Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]',
  );
}

const arnPattern = /^arn:aws[a-z0-9-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12})?:(.*)$/i;

/** Names of services whose mappings AWS has, by what their ARNs say. */
const otherSources: Readonly<Record<string, string>> = {
  sqs: 'Amazon SQS',
  kinesis: 'Amazon Kinesis',
  kafka: 'Amazon MSK',
  mq: 'Amazon MQ',
  rds: 'Amazon DocumentDB',
};

/** Throws for what is no DynamoDB stream of that region. */
export function checkStreamArn(arn: string | undefined, region: string): string {
  if (arn === undefined) throw invalidParameter('Unrecognized event source.');
  const [, service = '', arnRegion, , resource = ''] = arnPattern.exec(arn) ?? [];
  if (service === '') {
    throw constraint(
      arn,
      'eventSourceArn',
      'Member must satisfy regular expression pattern: ' +
        'arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:' +
        '([a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)',
    );
  }
  const other = otherSources[service];
  if (other !== undefined) {
    throw invalidParameter(
      `Orrery has no event source mappings for ${other}: it reads DynamoDB streams only.`,
    );
  }
  if (service !== 'dynamodb') throw invalidParameter('Unrecognized event source.');
  if (!/^table\/[^/]+\/stream\/[^/]+$/.test(resource)) {
    throw invalidParameter(`Stream not found: ${arn}`);
  }
  if (arnRegion !== region) {
    throw invalidParameter(
      `The event source is in ${arnRegion}, the function in ${region}: they must be in one region.`,
    );
  }
  return arn;
}

function refuseForeign(input: SettingsInput): void {
  const foreign = foreignMembers.find((member) => input[member] !== undefined);
  if (foreign !== undefined) {
    throw invalidParameter(
      `${foreign} is not for DynamoDB streams, the only event sources that Orrery reads.`,
    );
  }
  if ((ranged(input.TumblingWindowInSeconds, 'tumblingWindowInSeconds', 0, 900) ?? 0) > 0) {
    throw invalidParameter('Orrery has no tumbling windows: TumblingWindowInSeconds must be 0.');
  }
}

function checkDestination({ DestinationConfig: config }: SettingsInput): void {
  const destination = config?.OnFailure?.Destination;
  if (destination === undefined || destination === '') return;
  if (!destinationPattern.test(destination)) {
    throw invalidParameter(`The provided destination config ${destination} is not supported.`);
  }
}

function ranged(
  value: number | undefined,
  at: string,
  low: number,
  high: number,
): number | undefined {
  return value === undefined ? undefined : inRange(value, at, low, high);
}

/** -1, or from a minute to a week. */
function recordAgeOf(value: number | undefined): number | undefined {
  const at = 'maximumRecordAgeInSeconds';
  const age = ranged(value, at, -1, 604_800);
  return age === undefined || age === -1 ? age : inRange(age, at, 60, 604_800);
}

function reportsOf(types: readonly string[] | undefined): boolean | undefined {
  if (types === undefined) return undefined;
  if (types.length > 1 || types.some((type) => type !== 'ReportBatchItemFailures')) {
    throw constraint(
      `[${types.join(', ')}]`,
      'functionResponseTypes',
      'Member must satisfy constraint: [Member must satisfy enum value set: ' +
        '[ReportBatchItemFailures]]',
    );
  }
  return types.length === 1;
}

function filtersOf(criteria: SettingsInput['FilterCriteria']): readonly string[] | undefined {
  if (criteria === undefined) return undefined;
  const patterns = (criteria.Filters ?? []).map(({ Pattern }) => Pattern ?? '');
  if (patterns.length > filtersMax) {
    throw invalidParameter(
      `The event source mapping has ${patterns.length} filters; at most ${filtersMax} are allowed.`,
    );
  }
  for (const pattern of patterns) checkPattern(pattern);
  return patterns;
}

function checkPattern(pattern: string): void {
  if (pattern.length > patternLengthMax) {
    throw constraint(
      pattern,
      'filterCriteria.filters.pattern',
      `Member must have length less than or equal to ${patternLengthMax}`,
    );
  }
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof FilterPatternError)) throw error;
    throw invalidParameter(`Invalid filter pattern definition. (${error.message})`);
  }
}
