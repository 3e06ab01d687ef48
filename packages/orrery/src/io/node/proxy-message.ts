/**
 * What the client proxy reads and says: places in credentials, targets of requests, and answers that
 * name the step that failed. Pure.
 */
import { type HttpRequest, type HttpResponse, NetError } from '../io.ts';
import { endToEndHeaders } from './outbound-http.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Who asks: a place as the user name, and as the password what the client calls itself. */
export interface ProxyUser {
  readonly place: string;
  readonly client: string;
}

const CLIENT_NAME_MAX = 64;

/** The user of Basic credentials, or undefined where there is none. */
export function userOf(authorization: string | undefined): ProxyUser | undefined {
  const encoded = /^basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [place = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  if (place === '') return undefined;
  return { place, client: rest.join(':').slice(0, CLIENT_NAME_MAX) };
}

/** `host`, `host:port` or `[v6]:port`; undefined for anything else. */
export function parseAuthority(
  text: string,
  defaultPort: number,
): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]@/?#\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { host: host.toLowerCase(), port };
}

/** Target and path of a request in absolute form; undefined where it is in another form. */
export function parseAbsolute(url: string): { target: Target; path: string } | undefined {
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  if (match === null) return undefined;
  const tls = match[1]?.toLowerCase() === 'https';
  const authority = parseAuthority(match[2] ?? '', tls ? 443 : 80);
  if (authority === undefined) return undefined;
  const rest = match[3] ?? '';
  return { target: { ...authority, tls }, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** The request as the host shall see it. `host` is said where the client did not. */
export function forwarded(request: HttpRequest, path: string, target: Target): HttpRequest {
  const usual = target.port === (target.tls ? 443 : 80);
  const host = usual ? target.host : `${target.host}:${target.port}`;
  return { ...request, path, headers: { host, ...endToEndHeaders(request.headers) } };
}

/** An answer of the proxy's own. `step` is where the request ended: dns, connect, server, proxy. */
export function refusal(status: number, step: string, message: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-orrery-failed-step': step },
    body: Buffer.from(`${message}\n`),
  };
}

/** Nobody said, or nobody knows, where the client stands. */
export function placeRequired(said: string | undefined, known: readonly string[]): HttpResponse {
  const first =
    said === undefined ? 'At which place does this client stand?' : `No place is called ${said}.`;
  const message =
    `${first} Say it as the user name of the proxy: http://tokyo@127.0.0.1:4580\n` +
    `Places: ${known.join(', ')}`;
  const response = refusal(407, 'proxy', message);
  const challenge = 'Basic realm="the place where the client stands", charset="UTF-8"';
  return { ...response, headers: { ...response.headers, 'proxy-authenticate': challenge } };
}

/** What became of a request that has no answer. */
export function unanswered(error: unknown, where: string, place: string): HttpResponse {
  if (!(error instanceof NetError)) {
    return refusal(502, 'server', `server: ${where} failed: ${String(error)}`);
  }
  const unsure = error.maybeApplied ? ' The request may have been carried out.' : '';
  switch (error.code) {
    case 'ECONNREFUSED':
      return refusal(
        502,
        'connect',
        `connect: ${where} refused the connection: nothing runs there.`,
      );
    case 'ETIMEDOUT':
      return refusal(
        504,
        'server',
        `server: nothing came back from ${where} in time. It is slow or stopped, or the network between ` +
          `${place} and it is cut.${unsure}`,
      );
    case 'EHOSTUNREACH':
    case 'ENOTFOUND':
      return refusal(502, 'connect', `connect: there is no way from ${place} to ${where}.`);
    default:
      return refusal(502, 'server', `server: ${where} broke off: ${error.message}.${unsure}`);
  }
}
