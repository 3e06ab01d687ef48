/**
 * One probe of one checker: a request as Route 53 sends it, judged as Route 53 judges it.
 *
 * Owns: the request, the verdict, the words of the status. Refuses to own when to probe
 * (`checkers.ts`) and what follows (`vote.ts`).
 */
import type { Clock, HttpRequest, HttpResponse, Network } from '../../../io/io.ts';
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
  /** The region that the checker stands in. */
  readonly from: string;
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

/** Sends one probe. Never rejects. */
export async function probe(check: HealthCheck, context: ProbeContext): Promise<ProbeResult> {
  const { config } = check;
  const ip = config.IPAddress ?? addressOf(config.FullyQualifiedDomainName ?? '', context);
  if (ip === undefined) {
    return failure(`DNS resolution failed: no A record for ${config.FullyQualifiedDomainName}`);
  }
  const startedUs = context.clock.monotonicUs();
  try {
    const result =
      config.Type === 'TCP' ? await connect(config, ip, context) : await ask(check, ip, context);
    if (!result.success || config.MeasureLatency !== true) return result;
    return { ...result, latencyMs: Math.round((context.clock.monotonicUs() - startedUs) / 1000) };
  } catch (error) {
    if (error instanceof NetError) return failure(`${netErrorText(error)} Resolved IP: ${ip}`);
    throw error;
  }
}

async function connect(
  config: HealthCheckConfig,
  ip: string,
  { network, limits, from }: ProbeContext,
): Promise<ProbeResult> {
  const to = { ip, port: config.Port ?? 80, tls: false };
  await network.connect(to, { deadlineMs: limits.connectMs, from });
  return { success: true, status: `Success: The TCP connection was opened. Resolved IP: ${ip}` };
}

async function ask(check: HealthCheck, ip: string, context: ProbeContext): Promise<ProbeResult> {
  const { config } = check;
  const { limits } = context;
  const tls = config.Type.startsWith('HTTPS');
  const port = config.Port ?? (tls ? 443 : 80);
  const sni = tls && config.EnableSNI !== false ? config.FullyQualifiedDomainName : undefined;
  const matches = config.Type.endsWith('STR_MATCH');
  const request = probeRequest(check, ip, port, tls);
  const send = (serverName: string | undefined): Promise<HttpResponse> =>
    context.network.request(
      { ip, port, tls, ...(serverName === undefined ? {} : { serverName }) },
      request,
      {
        deadlineMs: limits.silenceMs,
        // A searched body has as long again, after the status.
        answerMs: limits.answerMs * (matches ? 2 : 1),
        from: context.from,
        // What follows of the body does not matter: an endpoint may drip it for ever.
        bodyBytes: matches ? searchedOctets : 0,
      },
    );
  let response: HttpResponse;
  try {
    response = await send(sni);
  } catch (error) {
    // AWS: where the name does not fit the endpoint's, a second handshake is tried without it.
    const isHandshake = error instanceof NetError && /EPROTO|ECONNRESET/.test(error.code);
    if (sni === undefined || !isHandshake || error.maybeApplied) throw error;
    response = await send(undefined);
  }
  return judge(config, response, ip);
}

/** Where a name is an address, or the machine itself, nothing is asked. */
function addressOf(hostName: string, context: ProbeContext): string | undefined {
  if (isIp(hostName)) return hostName;
  if (/^localhost\.?$/i.test(hostName)) return '127.0.0.1';
  return context.resolve(hostName);
}

function probeRequest(check: HealthCheck, ip: string, port: number, tls: boolean): HttpRequest {
  const { config } = check;
  const name = config.FullyQualifiedDomainName ?? (ip.includes(':') ? `[${ip}]` : ip);
  const path = config.ResourcePath ?? '/';
  return {
    method: 'GET',
    path: path.startsWith('/') ? path : `/${path}`,
    headers: {
      host: port === (tls ? 443 : 80) ? name : `${name}:${port}`,
      'user-agent': `Amazon-Route53-Health-Check-Service (ref ${check.id}; report http://amzn.to/1vsZADi)`,
      accept: '*/*',
      'accept-encoding': 'gzip, deflate',
      connection: 'close',
    },
    body: new Uint8Array(0),
  };
}

function judge(config: HealthCheckConfig, response: HttpResponse, ip: string): ProbeResult {
  const resolved = `Resolved IP: ${ip}`;
  const code = `HTTP Status Code: ${response.status}.`;
  if (headerOctets(response) > maxHeaderOctets) {
    return failure(`The response headers are longer than ${maxHeaderOctets} bytes. ${resolved}`);
  }
  if (response.status < 200 || response.status > 399) return failure(`${code} ${resolved}`);
  if (config.Type.endsWith('STR_MATCH')) {
    const searched = searchedBody(response);
    if (!searched.includes(config.SearchString ?? '')) {
      return failure(
        `${code} ${resolved}. The search string did not appear in the first ${searchedOctets} bytes of the response body.`,
      );
    }
  }
  return { success: true, status: `Success: ${code} ${resolved}` };
}

/** What is searched: of a compressed body, what its first octets unpack to. */
function searchedBody({ headers, body }: HttpResponse): Buffer {
  const start = body.subarray(0, searchedOctets);
  const encoding = headers['content-encoding'];
  const unpacked =
    typeof encoding === 'string' ? inflateStart(start, encoding, searchedOctets) : undefined;
  return Buffer.from(unpacked ?? start);
}

function headerOctets(response: HttpResponse): number {
  let octets = 0;
  for (const [name, value] of Object.entries(response.headers)) {
    for (const each of typeof value === 'string' ? [value] : value) {
      octets += name.length + each.length + 4;
    }
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
