/**
 * The private HTTP endpoint of one child: the Lambda Runtime API's transport, on a loopback port of its
 * own, because runtime clients take host and port only. Owns bytes and sockets; what the requests
 * mean is the Lambda service's (`LaunchSpec.serve`).
 *
 * Invariants:
 *  1. What the child printed before it posted a result is handed over before the result is.
 *  2. A result with `x-orrery-then-next` (our own client's) is answered with what the following
 *     `next` is answered with: half the round trips, which is half the cost of an invocation.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpRequest, HttpResponse } from '../io.ts';
import { collectBody, requestHeaders, sendResponse } from './http-message.ts';

/** An invocation's answer is 6 MB at most; its envelope as an error may be a little larger. */
const BODY_BYTES_MAX = 16_777_216;

export interface RuntimeApi {
  /** `127.0.0.1:40123`. */
  readonly authority: string;
  close(): void;
}

const failed: HttpResponse = { status: 500, headers: {}, body: Buffer.from('{}') };

/** Listens; every request goes to `serve`, whatever it says. */
export function createRuntimeApi(
  serve: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<RuntimeApi> {
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (incoming, outgoing) => {
    collectBody(incoming, BODY_BYTES_MAX, (body) => {
      if (body === undefined) {
        sendResponse(outgoing, { ...failed, status: 413 });
        return;
      }
      // The pipe with the output and this socket are both ready in the same turn of the event loop,
      // in no order. One turn later everything that was in the pipe has been read.
      if (incoming.method === 'POST') setImmediate(() => forward(serve, incoming, outgoing, body));
      else forward(serve, incoming, outgoing, body);
    });
  });
  server.on('clientError', (_, socket) => socket.destroy());
  return listen(server);
}

function forward(
  serve: (request: HttpRequest) => Promise<HttpResponse>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: Uint8Array,
): void {
  const request: HttpRequest = {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: requestHeaders(incoming),
    body,
  };
  const isResultThenNext =
    request.method === 'POST' && request.headers['x-orrery-then-next'] !== undefined;
  serve(request)
    .then((response) => (isResultThenNext ? serve(nextRequest) : response))
    .then(
      (response) => sendResponse(outgoing, response),
      () => sendResponse(outgoing, failed),
    );
}

const nextRequest: HttpRequest = {
  method: 'GET',
  path: '/2018-06-01/runtime/invocation/next',
  headers: {},
  body: new Uint8Array(0),
};

function listen(server: Server): Promise<RuntimeApi> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        authority: `127.0.0.1:${port}`,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}
