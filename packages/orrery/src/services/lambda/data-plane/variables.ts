/**
 * Owns: the environment variables of an execution environment. What Lambda reserves wins over
 * what the function sets; what it only suggests does not.
 */
import type { FunctionRecord } from '../functions.ts';
import type { LambdaSettings } from '../options.ts';

export function environmentVariables(
  record: FunctionRecord,
  settings: LambdaSettings,
  logStream: string,
): Record<string, string> {
  const { credentials, region, endpointUrl } = settings;
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_ENDPOINT_URL: endpointUrl,
    // The metadata service of EC2 is not there: a credentials chain must not wait for it.
    AWS_EC2_METADATA_DISABLED: 'true',
    ...record.environment,
    _HANDLER: record.handler,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${record.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: record.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(record.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: record.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_ACCESS_KEY: credentials.accessKeyId,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined
      ? {}
      : { AWS_SESSION_TOKEN: credentials.sessionToken }),
  };
}
