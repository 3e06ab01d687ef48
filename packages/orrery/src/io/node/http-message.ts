/**
 * Whole messages from and to node:http: bodies within a bound, headers as the seam has them. Owns
 * that translation, for every server of this folder; it is on the path of every request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpResponse } from '../io.ts';

const noBody = new Uint8Array(0);

/**
 * Calls `done` with the whole body, or with undefined as soon as it is over the limit (what still
 * comes is dropped). Never calls it when the sender goes away first.
 */
export function collectBody(
  incoming: IncomingMessage,
  limitBytes: number,
  done: (body: Uint8Array | undefined) => void,
): void {
  const declared = incoming.headers['content-length'];
  if (declared === undefined && incoming.headers['transfer-encoding'] === undefined) {
    // Nothing will come, but node:http ends a message only when it is read.
    incoming.resume();
    done(noBody);
    return;
  }
  if (declared !== undefined && Number(declared) > limitBytes) {
    incoming.resume();
    done(undefined);
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  let over = false;
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (over) return;
    if (size > limitBytes) {
      over = true;
      first = undefined;
      more = undefined;
      done(undefined);
    } else if (first === undefined) {
      first = chunk;
    } else if (more === undefined) {
      more = [first, chunk];
    } else {
      more.push(chunk);
    }
  });
  incoming.on('end', () => {
    if (!over) done(more === undefined ? (first ?? noBody) : Buffer.concat(more, size));
  });
  incoming.on('error', () => {});
}

/** Lower-case names; a header that stands several times is joined as HTTP says. */
export function requestHeaders(incoming: IncomingMessage): Readonly<Record<string, string>> {
  const headers = incoming.headers;
  if (headers['set-cookie'] === undefined) return headers as Record<string, string>;
  return { ...headers, 'set-cookie': headers['set-cookie'].join(', ') } as Record<string, string>;
}

/** Sends the whole response; its length is always said. Does nothing when the asker is gone. */
export function sendResponse(outgoing: ServerResponse, response: HttpResponse): void {
  if (outgoing.destroyed) return;
  const { status, headers, body } = response;
  // Only an answer to HEAD may speak of a body that does not follow.
  const isHead = outgoing.req.method === 'HEAD';
  const empty = status === 204 || status === 304 || status < 200;
  const fields: (string | string[])[] = [];
  let lengthSaid = false;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    // node:http frames the message itself.
    if (name === 'transfer-encoding' || name === 'connection') continue;
    if (name === 'content-length') {
      if (!isHead) continue;
      lengthSaid = true;
    }
    if (typeof value === 'string') fields.push(name, value);
    else for (const one of value) fields.push(name, one);
  }
  if (!lengthSaid && !empty) fields.push('content-length', String(body.length));
  try {
    outgoing.writeHead(status, fields as string[]);
  } catch (error) {
    refuse(outgoing, error);
    return;
  }
  if (body.length === 0 || empty) outgoing.end();
  else outgoing.end(body);
}

/** A status or header that HTTP cannot carry, as functions may well return it. */
function refuse(outgoing: ServerResponse, error: unknown): void {
  const body = `The answer is no valid HTTP message: ${String(error)}\n`;
  const length = String(Buffer.byteLength(body));
  outgoing.writeHead(502, { 'content-type': 'text/plain', 'content-length': length });
  outgoing.end(body);
}
