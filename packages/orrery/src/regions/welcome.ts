/**
 * What an address of the cloud answers to whoever asks for its root, as a browser or a first `curl`
 * does: what this is and where the regions are. Refuses to own all else.
 */
import type { HttpRequest, HttpResponse } from '../io/io.ts';
import { regionIp } from '../world/addresses.ts';

export interface WelcomeOptions {
  /** What stands behind the address: `the global endpoint`, `us-east-1`. */
  readonly what: string;
  readonly endpoint: string;
  readonly regions: readonly string[];
  readonly port: number;
}

/** The answer to a plain GET of the root; undefined for every other request. */
export function welcome(
  request: HttpRequest,
  { what, endpoint, regions, port }: WelcomeOptions,
): HttpResponse | undefined {
  if (request.method !== 'GET' || request.path !== '/' || isAwsCall(request)) return undefined;
  if (!isThisMachine(hostName(request))) return undefined;
  return json(200, {
    orrery: `A working model of a multi-region AWS. This is ${what}: give it to any SDK.`,
    endpoint,
    regions: Object.fromEntries(regions.map((id) => [id, `http://${regionIp(id)}:${port}`])),
    help: 'orrery --help',
  });
}

export function isAwsCall({ headers, path }: HttpRequest): boolean {
  return (
    headers['authorization']?.startsWith('AWS4-') === true ||
    headers['x-amz-target'] !== undefined ||
    path.includes('X-Amz-Signature=')
  );
}

/** The host that a request names, lower case, without its port. */
export function hostName({ headers }: HttpRequest): string {
  return (headers['host'] ?? '').replace(/:\d+$/, '').toLowerCase();
}

export function isThisMachine(host: string): boolean {
  return host === '' || host === 'localhost' || /^[\d.]+$|^\[[\da-f:]+\]$/.test(host);
}

export function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
  };
}
