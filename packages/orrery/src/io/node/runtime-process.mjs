/**
 * Entry of an execution environment that is a process: the Lambda Runtime API over a socket that this
 * process was born with. (AWS_LAMBDA_RUNTIME_API names the same interface for whatever else runs
 * here.) node:http would cost 8 ms to load, so the API is spoken on node:net, one request at a time.
 *
 * Invariants:
 *  1. When the connection to the parent is lost, this process ends.
 */
import { Socket } from 'node:net';
import { run } from './runtime-core.mjs';

const API = '/2018-06-01/runtime';
/** Asks the parent to answer a result with the next invocation: one round trip instead of two. */
const THEN_NEXT = 'X-Orrery-Then-Next: 1\r\n';

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

async function event(answer) {
  const { status, headers, body } = await answer;
  if (status !== 200) process.exit(1);
  return {
    requestId: headers['lambda-runtime-aws-request-id'],
    deadlineMs: Number(headers['lambda-runtime-deadline-ms']),
    functionArn: headers['lambda-runtime-invoked-function-arn'],
    traceId: headers['lambda-runtime-trace-id'],
    clientContext: headers['lambda-runtime-client-context'],
    identity: headers['lambda-runtime-cognito-identity'],
    body,
  };
}

function postError(path, shape, more = '') {
  const type = shape.errorType.replace(/[^\x20-\x7e]/g, '');
  const headers = `Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: ${type}\r\n`;
  return ask('POST', path, JSON.stringify(shape), headers + more);
}

const line = {
  next: () => event(ask('GET', '/invocation/next')),
  respond: (requestId, text) =>
    event(ask('POST', `/invocation/${requestId}/response`, text, THEN_NEXT)),
  fail: (requestId, shape) => event(postError(`/invocation/${requestId}/error`, shape, THEN_NEXT)),
  giveUp: (requestId, shape) =>
    postError(requestId === undefined ? '/init/error' : `/invocation/${requestId}/error`, shape),
  hold: () => socket.ref(),
  release: () => socket.unref(),
};

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

run(line, process.argv[2]);
