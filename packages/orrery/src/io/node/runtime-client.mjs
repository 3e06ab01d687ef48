/**
 * What runs inside an execution environment of a Node runtime: fetches invocations from the Lambda
 * Runtime API, calls the handler, posts what it returned. Owns the program's side of
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; refuses to own limits (the
 * Lambda service ends what takes too long or too much).
 *
 * It starts with every cold start, so it is plain JavaScript and loads no module that it can do
 * without: the API is spoken on node:net (node:http costs 8 ms to load), one request at a time.
 *
 * Invariants:
 *  1. When the connection to the parent is lost, this process ends.
 *  2. While a handler runs, nothing of ours keeps the event loop alive.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, enableCompileCache, flushCompileCache } from 'node:module';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const API = '/2018-06-01/runtime';
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

// The connection, which this process was born with: requests go out one at a time, answers have a
// content-length. (AWS_LAMBDA_RUNTIME_API names the same interface for whatever else runs here.)

const socket = new Socket({ fd: 3 });
let received = Buffer.alloc(0);
let expecting;

socket.on('data', (chunk) => {
  received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return;
  const lines = received.latin1Slice(0, headEnd).split('\r\n');
  const headers = {};
  for (let i = 1; i < lines.length; i++) {
    const colon = lines[i].indexOf(':');
    headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
  }
  const end = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (received.length < end) return;
  const body = received.utf8Slice(headEnd + 4, end);
  received = received.subarray(end);
  const resolve = expecting;
  expecting = undefined;
  resolve({ status: Number(lines[0].slice(9, 12)), headers, body });
});
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(1));

function ask(method, path, body = '', extra = '') {
  socket.write(
    `${method} ${API}${path} HTTP/1.1\r\nHost: runtime\r\n${extra}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return new Promise((resolve) => {
    expecting = resolve;
  });
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

function postError(path, error, more = '') {
  const shape = describe(error);
  const type = shape.errorType.replace(/[^\x20-\x7e]/g, '');
  const headers = `Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: ${type}\r\n`;
  return ask('POST', path, JSON.stringify(shape), headers + more);
}

// Output blocks when the parent does not keep up: it must neither pile up here nor come after the
// result. The streams are made when they are first used, which most cold starts never do.

for (const name of ['stdout', 'stderr']) {
  const { get } = Object.getOwnPropertyDescriptor(process, name);
  let stream;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      if (stream === undefined) {
        stream = get.call(process);
        stream._handle?.setBlocking?.(true);
      }
      return stream;
    },
  });
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

function contextOf(headers, invocation) {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parseOptional(headers['lambda-runtime-client-context']),
    identity: parseOptional(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: invocation.requestId,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
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

async function invoke(handler, headers, body, invocation) {
  const event = JSON.parse(body);
  const context = contextOf(headers, invocation);
  traceId = headers['lambda-runtime-trace-id'];
  const result = callbacksAllowed
    ? await callWithCallback(handler, event, context, invocation)
    : await handler(event, context);
  const text = JSON.stringify(result === undefined ? null : result);
  if (text === undefined) throw new Error('Unable to stringify response body');
  return text;
}

/** Asks the parent to answer a result with the next invocation: one round trip instead of two. */
const THEN_NEXT = 'X-Orrery-Then-Next: 1\r\n';

async function serve(handler) {
  let next = ask('GET', '/invocation/next');
  for (let first = true; ; first = false) {
    socket.ref();
    const { status, headers, body } = await next;
    if (status !== 200) process.exit(1);
    socket.unref();
    const requestId = headers['lambda-runtime-aws-request-id'];
    current = { requestId, onIdle: undefined };
    let text;
    let failure;
    try {
      text = await invoke(handler, headers, body, current);
    } catch (error) {
      failure = { error };
    }
    socket.ref();
    if (failure === undefined) {
      next = ask('POST', `/invocation/${requestId}/response`, text, THEN_NEXT);
    } else {
      print('ERROR', ['Invoke Error ', JSON.stringify(describe(failure.error))]);
      next = postError(`/invocation/${requestId}/error`, failure.error, THEN_NEXT);
    }
    current = undefined;
    // Written now because nobody lets an environment exit in peace, which is when Node would do it.
    if (first) flushCompileCache();
  }
}

/** What nobody caught ends the environment, after the invocation is told. */
async function crash(error, code) {
  if (expecting !== undefined && current === undefined) process.exit(code);
  print('ERROR', ['Uncaught Exception ', JSON.stringify(describe(error))]);
  socket.ref();
  const path = current === undefined ? '/init/error' : `/invocation/${current.requestId}/error`;
  await postError(path, error);
  process.exit(code);
}

process.on('uncaughtException', (error) => crash(error, 129));
process.on('unhandledRejection', (reason) => {
  crash(new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason)), 128);
});
process.on('beforeExit', () => current?.onIdle?.());

// The argument is a directory for compiled code: a bundle with an SDK starts with 12 ms of CPU less.
if (process.argv[2] !== undefined) enableCompileCache(process.argv[2]);

loadHandler(env._HANDLER ?? '').then(serve, async (error) => {
  print('ERROR', ['Uncaught Exception ', JSON.stringify(describe(error))]);
  await postError('/init/error', error);
  process.exit(1);
});
