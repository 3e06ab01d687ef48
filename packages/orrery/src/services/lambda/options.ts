/**
 * Owns: what a region tells its Lambda service, and the defaults. Times that AWS fixes and that a
 * demonstration may shorten (retries of asynchronous calls) are divided by `timeScale`; limits of
 * this machine are not.
 */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface LambdaOptions {
  readonly accountId: string;
  readonly region: string;
  /** AWS_ENDPOINT_URL of functions: `http://127.0.1.1:4566`. */
  readonly endpointUrl: string;
  /** What functions sign with. */
  readonly credentials?: Credentials;
  readonly timeScale?: number;
  /** Pending → Active, and InProgress → Successful. 0: at once. */
  readonly transitionMs?: number;
  /** Processes at a time in this region: a limit of this machine, which AWS has not. */
  readonly maxEnvironments?: number;
  /** Processes that start at a time; a call that waited a second starts one all the same. */
  readonly startsMax?: number;
  /** How long a call may wait for one of them to come free before it is throttled. */
  readonly environmentWaitMs?: number;
  /** Concurrent executions of account and region. */
  readonly accountConcurrency?: number;
  /** An environment idle for longer is ended, to give its memory back. */
  readonly idleMs?: number;
  /** Resident memory above MemorySize before the process is killed (V8, shared libraries). */
  readonly memoryAllowanceMb?: number;
  /** What one invocation may print; the rest is dropped and a line says so. */
  readonly logBytesPerInvocation?: number;
}

export type LambdaSettings = Required<LambdaOptions>;

export function settingsOf(options: LambdaOptions): LambdaSettings {
  return {
    credentials: { accessKeyId: 'orrery', secretAccessKey: 'orrery' },
    timeScale: 1,
    transitionMs: 0,
    maxEnvironments: 50,
    startsMax: 4,
    environmentWaitMs: 10_000,
    accountConcurrency: 1_000,
    idleMs: 300_000,
    memoryAllowanceMb: 64,
    logBytesPerInvocation: 1_048_576,
    ...options,
  };
}
