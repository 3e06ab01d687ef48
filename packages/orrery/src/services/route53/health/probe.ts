/**
 * One probe of one checker: a request as Route 53 sends it, judged as Route 53 judges it.
 *
 * Owns: the request, the verdict, the words of the status. Refuses to own when to probe
 * (`checkers.ts`) and what follows (`vote.ts`).
 */
import type {
  Clock,
  HostAddress,
  HttpRequest,
  HttpResponse,
  Network,
  RequestOptions,
} from '../../../io/io.ts';
import { NetError } from '../../../io/io.ts';
import { inflateStart } from '../../../stdx/inflate.ts';
import { isIp } from '../../../stdx/ip.ts';
import type { HealthCheck, HealthCheckConfig } from '../record-set.ts';

export interface ProbeResult {
  readonly success: boolean;
  /** `Success: …` or `Failure: …`. */
  readonly status: string;
  /** How long the endpoint took; successes of checks that measure it only. */
  readonly latencyMs?: number;
}

export interface ProbeContext {
  readonly network: Network;
  readonly clock: Clock;
  readonly limits: ProbeLimits;
  /** The first IPv4 address of a name, as our own name servers answer; undefined where none. */
  readonly resolve: (hostName: string) => string | undefined;
}

export interface ProbeLimits {
  /** For the connection: AWS gives it 4 s. */
  readonly silenceMs: number;
  /** The answer must be there so soon after the connection: AWS gives it 2 s. */
  readonly answerMs: number;
  /** All that a TCP check asks for: AWS gives it 10 s. */
  readonly connectMs: number;
}

/** The string must stand in the first 5,120 octets of the body. */
const searchedOctets = 5120;
const maxHeaderOctets = 16_384;

const timedOut =
  'Connection timed out. The endpoint or the internet connection is down, or requests are being ' +
  'blocked by your firewall.';

/** What all probes of a check have in common, worked out once. */
interface Prepared {
  readonly to: Omit<HostAddress, 'ip'>;
  readonly request: HttpRequest;
  readonly matches: boolean;
  /** The last result that was a success without a latency: the next one is most often the same. */
  passed: { readonly ip: string; readonly code: number; readonly result: ProbeResult } | undefined;
}

const prepared = new WeakMap<HealthCheck, Prepared>();

function prepare(check: HealthCheck): Prepared {
  const known = prepared.get(check);
  if (known !== undefined) return known;
  const { config } = check;
  const tls = config.Type.startsWith('HTTPS');
  const port = config.Port ?? (tls ? 443 : 80);
  const sni = tls && config.EnableSNI !== false ? config.FullyQualifiedDomainName : undefined;
  const made: Prepared = {
    to: { port, tls, ...(sni === undefined ? {} : { serverName: sni }) },
    request: probeRequest(check, port, tls),
    matches: config.Type.endsWith('STR_MATCH'),
    passed: undefined,
  };
  prepared.set(check, made);
  return made;
}

/** Sends one probe from the region that a checker stands in. Never rejects. */
export async function probe(
  check: HealthCheck,
  from: string,
  context: ProbeContext,
): Promise<ProbeResult> {
  const { config } = check;
  const { clock, limits, network } = context;
  const ip = config.IPAddress ?? addressOf(config.FullyQualifiedDomainName ?? '', context);
  if (ip === undefined) {
    return failure(`DNS resolution failed: no A record for ${config.FullyQualifiedDomainName}`);
  }
  const measures = config.MeasureLatency === true;
  const startedUs = measures ? clock.monotonicUs() : 0;
  const ready = prepare(check);
  const { port, tls, serverName } = ready.to;
  let result: ProbeResult;
  try {
    if (config.Type === 'TCP') {
      await network.connect({ ip, port, tls }, { deadlineMs: limits.connectMs, from });
      result = { success: true, status: `Success: The TCP connection was opened. ${at(ip)}` };
    } else {
      const options = askOptions(ready, from, limits);
      let response: HttpResponse;
      try {
        const to = serverName === undefined ? { ip, port, tls } : { ip, port, tls, serverName };
        response = await network.request(to, ready.request, options);
      } catch (error) {
        if (serverName === undefined || !isHandshake(error)) throw error;
        // AWS: where the name does not fit the endpoint's, a second handshake is tried without it.
        response = await network.request({ ip, port, tls }, ready.request, options);
      }
      result = judge(ready, config, response, ip);
    }
  } catch (error) {
    if (error instanceof NetError) return failure(`${netErrorText(error)} ${at(ip)}`);
    throw error;
  }
  if (!result.success || !measures) return result;
  return { ...result, latencyMs: Math.round((clock.monotonicUs() - startedUs) / 1000) };
}

function askOptions({ matches }: Prepared, from: string, limits: ProbeLimits): RequestOptions {
  return {
    deadlineMs: limits.silenceMs,
    // A searched body has as long again, after the status.
    answerMs: limits.answerMs * (matches ? 2 : 1),
    from,
    // What follows of the body does not matter: an endpoint may drip it for ever.
    bodyBytes: matches ? searchedOctets : 0,
  };
}

function isHandshake(error: unknown): boolean {
  return error instanceof NetError && /EPROTO|ECONNRESET/.test(error.code) && !error.maybeApplied;
}

function at(ip: string): string {
  return `Resolved IP: ${ip}`;
}

/** Where a name is an address, or the machine itself, nothing is asked. */
function addressOf(hostName: string, context: ProbeContext): string | undefined {
  if (isIp(hostName)) return hostName;
  if (/^localhost\.?$/i.test(hostName)) return '127.0.0.1';
  return context.resolve(hostName);
}

function probeRequest({ id, config }: HealthCheck, port: number, tls: boolean): HttpRequest {
  const { FullyQualifiedDomainName, IPAddress: ip = '', ResourcePath: path = '/' } = config;
  const name = FullyQualifiedDomainName ?? (ip.includes(':') ? `[${ip}]` : ip);
  return {
    method: 'GET',
    path: path.startsWith('/') ? path : `/${path}`,
    headers: {
      host: port === (tls ? 443 : 80) ? name : `${name}:${port}`,
      'user-agent': `Amazon-Route53-Health-Check-Service (ref ${id}; report http://amzn.to/1vsZADi)`,
      accept: '*/*',
      'accept-encoding': 'gzip, deflate',
      connection: 'close',
    },
    body: new Uint8Array(0),
  };
}

function judge(
  ready: Prepared,
  config: HealthCheckConfig,
  response: HttpResponse,
  ip: string,
): ProbeResult {
  const code = response.status;
  const { passed } = ready;
  if (headerOctets(response) > maxHeaderOctets) {
    return failure(`The response headers are longer than ${maxHeaderOctets} bytes. ${at(ip)}`);
  }
  const said = `HTTP Status Code: ${code}. ${at(ip)}`;
  if (code < 200 || code > 399) return failure(said);
  if (ready.matches && !searchedBody(response).includes(config.SearchString ?? '')) {
    return failure(
      `${said}. The search string did not appear in the first ${searchedOctets} bytes of the response body.`,
    );
  }
  if (passed?.code === code && passed.ip === ip) return passed.result;
  const result = { success: true, status: `Success: ${said}` };
  ready.passed = { ip, code, result };
  return result;
}

/** What is searched: of a compressed body, what its first octets unpack to. */
function searchedBody({ headers, body }: HttpResponse): Buffer {
  const start = body.subarray(0, searchedOctets);
  const encoding = headers['content-encoding'];
  const unpacked =
    typeof encoding === 'string' ? inflateStart(start, encoding, searchedOctets) : undefined;
  return Buffer.from(unpacked ?? start);
}

function headerOctets({ headers }: HttpResponse): number {
  let octets = 0;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (typeof value === 'string') octets += name.length + value.length + 4;
    else for (const each of value) octets += name.length + each.length + 4;
  }
  return octets;
}

function netErrorText(error: NetError): string {
  switch (error.code) {
    case 'ETIMEDOUT':
      return timedOut;
    case 'ECONNREFUSED':
      return 'Connection refused.';
    case 'ECONNRESET':
      return 'The connection was closed before a response came.';
    case 'ENOTFOUND':
      return 'DNS resolution failed.';
    case 'EHOSTUNREACH':
      return 'The endpoint is unreachable.';
    case 'EPROTO':
      return 'The response was malformed, or the TLS handshake failed.';
  }
}

function failure(reason: string): ProbeResult {
  return { success: false, status: `Failure: ${reason}` };
}
