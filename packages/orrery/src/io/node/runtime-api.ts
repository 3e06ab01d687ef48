/**
 * The private HTTP endpoint of one child: the Lambda Runtime API's transport, on a loopback port of its
 * own, because runtime clients take host and port only. Our own client has a socket to us from its
 * birth, which spares it the whole of TCP. Owns bytes and sockets; what the requests mean is the
 * Lambda service's (`LaunchSpec.serve`).
 *
 * Invariants:
 *  1. What the child printed before it posted a result is handed over before the result is.
 *  2. A result with `x-orrery-then-next` (our own client's) is answered with what the following
 *     `next` is answered with: half the round trips, which is half the cost of an invocation.
 */
import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from '../io.ts';
import { listenHttp } from './listen-http.ts';

/** An invocation's answer is 6 MB at most; its envelope as an error may be a little larger. */
const BODY_BYTES_MAX = 16_777_216;

export interface RuntimeApi {
  /** `127.0.0.1:40123`. */
  readonly authority: string;
  /** Serves a child over a socket that it was born with. */
  adopt(socket: Socket): void;
  close(): void;
}

type Serve = (request: HttpRequest) => Promise<HttpResponse>;

const failed: HttpResponse = { status: 500, headers: {}, body: Buffer.from('{}') };

/** Listens; every request goes to `serve`, whatever it says. */
export async function createRuntimeApi(serve: Serve): Promise<RuntimeApi> {
  const host = '127.0.0.1';
  const { port, adopt, close } = await listenHttp({
    what: 'the Runtime API',
    host,
    port: 0,
    bodyLimitBytes: BODY_BYTES_MAX,
    // A handler may run for fifteen minutes, and its environment be idle for as long.
    keepAliveMs: Number.POSITIVE_INFINITY,
    handler: (request) => {
      const served = request.method === 'POST' ? afterOutput(serve, request) : serve(request);
      return served.catch(() => failed);
    },
  });
  return { authority: `${host}:${port}`, adopt, close: () => void close() };
}

/**
 * The pipe with the output and the socket are both ready in the same turn of the event loop, in no
 * order. One turn later everything that was in the pipe has been read.
 */
function afterOutput(serve: Serve, request: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve) => {
    setImmediate(() => {
      const served = serve(request);
      const isThenNext = request.headers['x-orrery-then-next'] !== undefined;
      resolve(isThenNext ? served.then(() => serve(nextRequest)) : served);
    });
  });
}

const nextRequest: HttpRequest = {
  method: 'GET',
  path: '/2018-06-01/runtime/invocation/next',
  headers: {},
  body: new Uint8Array(0),
};
