/**
 * What runs inside an execution environment of a Node runtime, process or thread: fetches invocations,
 * calls the handler, hands over what it returned. Owns the program's side of
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; refuses to own how calls travel
 * (`runtime-process.mjs`, `runtime-thread.mjs`) and limits (the Lambda service ends what takes too
 * long or too much).
 *
 * It starts with every cold start, so it is plain JavaScript and loads no module that it can do without.
 *
 * Invariants:
 *  1. While a handler runs, nothing of ours keeps the event loop alive.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, enableCompileCache, flushCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const env = process.env;
const taskRoot = env.LAMBDA_TASK_ROOT ?? process.cwd();
const callbacksAllowed = !/nodejs(2[4-9]|[3-9]\d)\./.test(env.AWS_EXECUTION_ENV ?? '');

/** An error whose name is one of AWS's own: `Runtime.ImportModuleError` and so on. */
class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// Errors, in AWS's shape.

function describe(error) {
  if (error instanceof Error || Object.prototype.toString.call(error) === '[object Error]') {
    return {
      errorType: error.name,
      errorMessage: error.message,
      trace: String(error.stack ?? '').split('\n'),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

// The console prints as AWS's does: time, request, level, one line per call.

let current;

function print(level, parts) {
  const text = format(...parts).replaceAll('\n', '\r');
  const line = `${new Date().toISOString()}\t${current?.requestId ?? 'undefined'}\t${level}\t${text}\n`;
  process.stdout.write(line);
}

const levels = {
  log: 'INFO',
  info: 'INFO',
  debug: 'DEBUG',
  trace: 'TRACE',
  warn: 'WARN',
  error: 'ERROR',
};
for (const [method, level] of Object.entries(levels)) {
  console[method] = (...parts) => print(level, parts);
}

// The handler: `directory/file.export.member`.

function isModulePackage(file) {
  for (let at = dirname(file); at.startsWith(taskRoot); at = dirname(at)) {
    const manifest = join(at, 'package.json');
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
  }
  return false;
}

function loadFile(name) {
  const base = join(taskRoot, name);
  const require = createRequire(join(taskRoot, 'index.js'));
  if (existsSync(`${base}.js`)) {
    const file = `${base}.js`;
    return isModulePackage(file) ? import(pathToFileURL(file).href) : require(file);
  }
  if (existsSync(`${base}.mjs`)) return import(pathToFileURL(`${base}.mjs`).href);
  if (existsSync(`${base}.cjs`)) return require(`${base}.cjs`);
  throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module '${name}'`);
}

async function loadHandler(handler) {
  const slash = handler.lastIndexOf('/') + 1;
  const dot = handler.indexOf('.', slash);
  if (dot <= slash || dot === handler.length - 1 || handler.includes('..')) {
    throw new RuntimeError('Runtime.MalformedHandlerName', 'Bad handler');
  }
  let found;
  try {
    found = await loadFile(handler.slice(0, dot));
  } catch (error) {
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new RuntimeError('Runtime.ImportModuleError', String(error));
    }
    if (error instanceof SyntaxError) {
      throw new RuntimeError('Runtime.UserCodeSyntaxError', String(error));
    }
    throw error;
  }
  const members = handler.slice(dot + 1).split('.');
  if (found?.[members[0]] === undefined && found?.default) found = found.default;
  for (const member of members) found = found?.[member];
  if (found === undefined || found === null) {
    const message = `${handler} is undefined or not exported`;
    throw new RuntimeError('Runtime.HandlerNotFound', message);
  }
  if (typeof found !== 'function') {
    throw new RuntimeError('Runtime.HandlerNotFound', `${handler} is not a function`);
  }
  if (found.length >= 3 && !callbacksAllowed) {
    throw new RuntimeError(
      'Runtime.CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with ' +
        'Node.js 24. You need to modify this function to use a supported handler signature to use ' +
        'Node.js 24 or later.',
    );
  }
  return found;
}

// The trace id changes with each invocation. In the real environment each change would cost more than
// reading the event, and memory for good (setenv keeps what it was given), so programs are shown it.

const TRACE_ID = '_X_AMZN_TRACE_ID';
let traceId;
env[TRACE_ID] = '';
process.env = new Proxy(env, {
  get: (target, name) => (name === TRACE_ID ? traceId : target[name]),
  set: (target, name, value) => {
    if (name === TRACE_ID) traceId = String(value);
    else target[name] = value;
    return true;
  },
  getOwnPropertyDescriptor: (target, name) => {
    const found = Object.getOwnPropertyDescriptor(target, name);
    return name === TRACE_ID && found ? { ...found, value: traceId } : found;
  },
});

// Invocations.

function parseOptional(text) {
  return text ? JSON.parse(text) : undefined;
}

function contextOf(event) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parseOptional(event.clientContext),
    identity: parseOptional(event.identity),
    invokedFunctionArn: event.functionArn,
    awsRequestId: event.requestId,
    getRemainingTimeInMillis: () => event.deadlineMs - Date.now(),
  };
}

/** Calls a handler that may answer by callback, by promise, or by ending what it does. */
function callWithCallback(handler, event, context, invocation) {
  return new Promise((resolve, reject) => {
    // Once nothing is left to happen: what the callback was told, or nothing.
    invocation.onIdle = () => resolve(undefined);
    const result = handler(event, context, (error, value) => {
      const settle = error ? () => reject(error) : () => resolve(value);
      if (context.callbackWaitsForEmptyEventLoop) invocation.onIdle = settle;
      else setImmediate(settle);
    });
    if (typeof result?.then === 'function') result.then(resolve, reject);
  });
}

async function invoke(handler, event, invocation) {
  const input = JSON.parse(event.body);
  const context = contextOf(event);
  traceId = event.traceId;
  const result = callbacksAllowed
    ? await callWithCallback(handler, input, context, invocation)
    : await handler(input, context);
  const text = JSON.stringify(result === undefined ? null : result);
  if (text === undefined) throw new Error('Unable to stringify response body');
  return text;
}

/** Whether the next event is waited for. */
let isIdle = false;

async function serve(line, handler) {
  let next = line.next();
  for (let first = true; ; first = false) {
    isIdle = true;
    line.hold();
    const event = await next;
    line.release();
    isIdle = false;
    current = { requestId: event.requestId, onIdle: undefined };
    let text;
    let failure;
    try {
      text = await invoke(handler, event, current);
    } catch (error) {
      failure = { error };
    }
    if (failure === undefined) {
      next = line.respond(event.requestId, text);
    } else {
      const shape = describe(failure.error);
      print('ERROR', ['Invoke Error ', JSON.stringify(shape)]);
      next = line.fail(event.requestId, shape);
    }
    current = undefined;
    // Written now because nobody lets an environment exit in peace, which is when Node would do it.
    if (first) flushCompileCache();
  }
}

/** What nobody caught ends the environment, after the invocation is told. */
async function crash(line, error, code) {
  if (isIdle) process.exit(code);
  const shape = describe(error);
  print('ERROR', ['Uncaught Exception ', JSON.stringify(shape)]);
  line.hold();
  await line.giveUp(current?.requestId, shape);
  process.exit(code);
}

/**
 * Runs the environment on a line to the Lambda service: `next`, `respond` and `fail` resolve with the
 * following event, `giveUp` when the failure (of init where there is no request id) has been told;
 * between `hold` and `release` the line keeps the event loop alive. `cacheDirectory` is for compiled code:
 * a bundle with an SDK starts with 12 ms of CPU less.
 */
export function run(line, cacheDirectory) {
  process.on('uncaughtException', (error) => crash(line, error, 129));
  process.on('unhandledRejection', (reason) => {
    const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason));
    crash(line, error, 128);
  });
  process.on('beforeExit', () => current?.onIdle?.());
  if (cacheDirectory !== undefined) enableCompileCache(cacheDirectory);
  return loadHandler(env._HANDLER ?? '').then(
    (handler) => serve(line, handler),
    (error) => crash(line, error, 1),
  );
}
