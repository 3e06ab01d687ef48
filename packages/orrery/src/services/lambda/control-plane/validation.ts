/**
 * Owns: what AWS allows in a function's configuration, with AWS's texts.
 * Refuses to own: the code (code.ts) and whether the role exists (IAM decides nothing here).
 */
import { constraint, invalidParameter } from '../errors.ts';

const runnable = ['nodejs24.x', 'nodejs22.x'];

/** Runtimes of AWS that this machine does not run. */
const known = new Set([
  ...['python3.14', 'python3.13', 'python3.12', 'python3.11', 'java25', 'java21', 'java17'],
  ...['java11', 'java8.al2', 'dotnet10', 'ruby4.0', 'ruby3.4', 'ruby3.3', 'provided.al2023'],
  ...['provided.al2', 'nodejs26.x'],
]);

const rolePattern = /^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/;
const variableName = /^[a-zA-Z][a-zA-Z0-9_]+$/;
const environmentBytesMax = 4096;

const reservedNames = new Set([
  ...['_HANDLER', '_X_AMZN_TRACE_ID', 'AWS_DEFAULT_REGION', 'AWS_REGION', 'AWS_EXECUTION_ENV'],
  ...['AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
  ...['AWS_LAMBDA_FUNCTION_VERSION', 'AWS_LAMBDA_INITIALIZATION_TYPE'],
  ...['AWS_LAMBDA_LOG_GROUP_NAME', 'AWS_LAMBDA_LOG_STREAM_NAME', 'AWS_ACCESS_KEY'],
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
  ...['AWS_LAMBDA_RUNTIME_API', 'LAMBDA_TASK_ROOT', 'LAMBDA_RUNTIME_DIR'],
]);

export function checkRole(role: string): string {
  if (!rolePattern.test(role)) {
    throw constraint(
      role,
      'role',
      'Member must satisfy regular expression pattern: ' +
        'arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+',
    );
  }
  return role;
}

export function checkRuntime(runtime: string | undefined): string {
  if (runtime === undefined) {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created ' +
        'with deployment packages.',
    );
  }
  if (runnable.includes(runtime)) return runtime;
  if (/^nodejs(\d+\.x|\d+\.\d+)?(-edge)?$/.test(runtime) && runtime !== 'nodejs26.x') {
    throw invalidParameter(
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS ` +
        'Lambda functions. We recommend you use a supported runtime while creating or updating ' +
        'functions.',
    );
  }
  if (known.has(runtime)) {
    throw invalidParameter(
      `Orrery does not run ${runtime} functions yet. Runtimes that it runs: ` +
        `${runnable.join(', ')}.`,
    );
  }
  throw invalidParameter(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value ` +
      `set: [${[...runnable, ...known].join(', ')}] or be a valid ARN`,
  );
}

export function checkHandler(handler: string | undefined): string {
  if (handler === undefined) return checkRuntime(undefined);
  if (!/^\S{1,128}$/.test(handler)) {
    throw constraint(handler, 'handler', 'Member must satisfy regular expression pattern: [^\\s]+');
  }
  return handler;
}

export function checkTimeout(timeoutS: number): number {
  return inRange(timeoutS, 'timeout', 1, 900);
}

export function checkMemory(memoryMb: number): number {
  return inRange(memoryMb, 'memorySize', 128, 10_240);
}

export function checkEphemeralStorage(sizeMb: number): number {
  return inRange(sizeMb, 'ephemeralStorage.size', 512, 10_240);
}

export function checkDescription(description: string): string {
  if (description.length > 256) {
    throw constraint(
      description,
      'description',
      'Member must have length less than or equal to 256',
    );
  }
  return description;
}

export function checkArchitecture(architectures: readonly string[] | undefined): string {
  const one = architectures?.[0] ?? 'x86_64';
  if ((architectures?.length ?? 1) !== 1 || (one !== 'x86_64' && one !== 'arm64')) {
    throw constraint(
      `[${architectures?.join(', ')}]`,
      'architectures',
      'Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]',
    );
  }
  return one;
}

export function checkVariables(
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = Object.keys(variables);
  const reserved = names.filter((name) => reservedNames.has(name));
  if (reserved.length > 0) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment ' +
        'variables you have provided contains reserved keys that are currently not supported ' +
        `for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const badName = names.find((name) => !variableName.test(name));
  if (badName !== undefined) {
    throw constraint(
      badName,
      'environment.variables',
      'Map keys must satisfy constraint: [Member must satisfy regular expression pattern: ' +
        '[a-zA-Z]([a-zA-Z0-9_])+]',
    );
  }
  const measured = JSON.stringify(variables);
  const bytes = names.reduce(
    (sum, name) => sum + Buffer.byteLength(name) + Buffer.byteLength(variables[name] ?? ''),
    0,
  );
  if (bytes > environmentBytesMax) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment ' +
        `variables you have provided exceeded the 4KB limit. String measured: ${measured}`,
    );
  }
  return variables;
}

export function checkTags(
  tags: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = Object.keys(tags);
  if (names.length > 50) throw invalidParameter('The number of tags exceeds the limit of 50.');
  if (names.some((name) => name.startsWith('aws:'))) {
    throw invalidParameter('Tag keys starting with aws: are reserved for internal use.');
  }
  return tags;
}

/** The value. Throws the model's constraint where it is out of range. */
export function inRange(value: number, at: string, low: number, high: number): number {
  if (value < low) {
    throw constraint(value, at, `Member must have value greater than or equal to ${low}`);
  }
  if (value > high) {
    throw constraint(value, at, `Member must have value less than or equal to ${high}`);
  }
  return value;
}
