/**
 * Owns: verification of AWS Signature Version 4, in headers and in presigned URLs, and signing
 * (for tests and for callers of other clouds). Pure: the time and the secrets are given.
 * Refuses to own: which error a service answers a problem with (endpoint/authenticate.ts).
 *
 *  V1  A signature is compared in constant time, and only after all else has been checked.
 *  V2  A body is vouched for by its hash; `UNSIGNED-PAYLOAD` and `STREAMING-…` declare that it is
 *      not, and are taken at their word: chunk signatures are not verified.
 *  V3  SigV4A (ECDSA, several regions) is not verified but refused.
 */
import type { HttpRequest } from '../io/io.ts';
import { equalSecrets, hmacSha256, hmacSha256Hex, sha256Hex } from '../stdx/digest.ts';
import { percentDecode, percentEncode, splitPath } from './query-string.ts';
import { presignedParameter, readScope, type SigV4Scope } from './sigv4-scope.ts';

export type SignatureProblemKind =
  | 'missing'
  | 'incomplete'
  | 'unknown-key'
  | 'mismatch'
  | 'skewed'
  | 'presign-expired';

export interface SignatureProblem {
  readonly kind: SignatureProblemKind;
  /** AWS's text, where it depends on the request. */
  readonly detail: string;
}

export interface Verification {
  readonly secretOf: (accessKeyId: string) => string | undefined;
  readonly nowMs: number;
}

const algorithm = 'AWS4-HMAC-SHA256';
const presignSecondsMax = 604_800;

interface Claim {
  readonly scope: SigV4Scope;
  /** `20261124T102630Z` */
  readonly time: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly presigned: boolean;
  readonly expiresSeconds: number;
}

/** Undefined where the request is signed by a known key, at about this time, as it stands. */
export function verifySignature(
  request: HttpRequest,
  { secretOf, nowMs }: Verification,
): SignatureProblem | undefined {
  const claim = readClaim(request);
  if ('kind' in claim) return claim;
  const secret = secretOf(claim.scope.accessKeyId);
  if (secret === undefined) return { kind: 'unknown-key', detail: '' };
  if (!claim.time.startsWith(claim.scope.date)) {
    const rule = 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date';
    const detail = `${rule} from HTTP: '${claim.scope.date}' != '${claim.time.slice(0, 8)}', from '${claim.time}'.`;
    return { kind: 'mismatch', detail };
  }
  if (!claim.signedHeaders.includes('host')) {
    const rule = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    return { kind: 'mismatch', detail: rule };
  }
  const late = claim.presigned ? presignProblem(claim, nowMs) : skewProblem(claim, nowMs);
  if (late !== undefined) return late;
  const payloadHash = payloadHashOf(request, claim);
  const expected = payloadHash === undefined ? '' : signature(request, claim, payloadHash, secret);
  return equalSecrets(expected, claim.signature) ? undefined : { kind: 'mismatch', detail: '' };
}

function readClaim(request: HttpRequest): Claim | SignatureProblem {
  const header = request.headers['authorization'];
  if (header?.startsWith('AWS4-') === true) return readHeaderClaim(request, header);
  if (presignedParameter(request.path, 'X-Amz-Signature') !== undefined) {
    return readPresignedClaim(request);
  }
  return { kind: 'missing', detail: '' };
}

const signatureParameter = /[\s,]Signature=([0-9a-fA-F]{1,128})(?:[,\s]|$)/;
const signedHeadersParameter = /[\s,]SignedHeaders=([^,\s]{1,4096})/;

function readHeaderClaim(request: HttpRequest, header: string): Claim | SignatureProblem {
  const scope = readScope(request);
  const signatureText = signatureParameter.exec(header)?.[1];
  const signedHeaders = signedHeadersParameter.exec(header)?.[1];
  const time = timeOf(request);
  const problems: string[] = [];
  if (!header.startsWith(`${algorithm} `)) {
    problems.push(`Only the algorithm ${algorithm} is verified here.`);
  }
  if (scope === undefined) problems.push(requires("'Credential' parameter"));
  if (signatureText === undefined) problems.push(requires("'Signature' parameter"));
  if (signedHeaders === undefined) problems.push(requires("'SignedHeaders' parameter"));
  if (time === undefined) {
    problems.push(requires("existence of either a 'X-Amz-Date' or a 'Date' header"));
  }
  const isWhole =
    scope !== undefined &&
    signatureText !== undefined &&
    signedHeaders !== undefined &&
    time !== undefined &&
    problems.length === 0;
  if (!isWhole) return { kind: 'incomplete', detail: problems.join(' ') };
  return {
    scope,
    time,
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    signature: signatureText,
    presigned: false,
    expiresSeconds: 0,
  };
}

function requires(what: string): string {
  return `Authorization header requires ${what}.`;
}

function readPresignedClaim(request: HttpRequest): Claim | SignatureProblem {
  const parameter = (name: string): string | undefined => presignedParameter(request.path, name);
  const scope = readScope(request);
  const time = parameter('X-Amz-Date');
  const signedHeaders = parameter('X-Amz-SignedHeaders');
  const expires = Number(parameter('X-Amz-Expires') ?? '900');
  if (
    scope === undefined ||
    time === undefined ||
    basicTime(time) === undefined ||
    signedHeaders === undefined ||
    parameter('X-Amz-Algorithm') !== algorithm ||
    !(expires >= 0 && expires <= presignSecondsMax)
  ) {
    const rule =
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential,';
    const detail = `${rule} X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.`;
    return { kind: 'incomplete', detail };
  }
  return {
    scope,
    time,
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    signature: parameter('X-Amz-Signature') ?? '',
    presigned: true,
    expiresSeconds: expires,
  };
}

/** The time of the signature in basic ISO form, from X-Amz-Date or Date. */
function timeOf(request: HttpRequest): string | undefined {
  const text = request.headers['x-amz-date'] ?? request.headers['date'];
  if (text === undefined) return undefined;
  if (basicTime(text) !== undefined) return text;
  const ms = text.length <= 40 ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : basicText(ms);
}

/** Epoch milliseconds of `20261124T102630Z`. */
function basicTime(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, y, mo, d, h, mi, s] = match;
  const ms = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function basicText(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}

function skewProblem(claim: Claim, nowMs: number): SignatureProblem | undefined {
  // S3 alone is more patient.
  const minutes = claim.scope.service === 's3' ? 15 : 5;
  const at = basicTime(claim.time) ?? 0;
  if (Math.abs(at - nowMs) <= minutes * 60_000) return undefined;
  const now = basicText(nowMs);
  if (at < nowMs - minutes * 60_000) {
    const bound = basicText(nowMs - minutes * 60_000);
    const detail = `Signature expired: ${claim.time} is now earlier than ${bound} (${now} - ${minutes} min.)`;
    return { kind: 'skewed', detail };
  }
  const bound = basicText(nowMs + minutes * 60_000);
  const detail = `Signature not yet current: ${claim.time} is still later than ${bound} (${now} + ${minutes} min.)`;
  return { kind: 'skewed', detail };
}

function presignProblem(claim: Claim, nowMs: number): SignatureProblem | undefined {
  const at = basicTime(claim.time) ?? 0;
  const endMs = at + claim.expiresSeconds * 1000;
  if (nowMs > endMs) {
    const detail = `Signature expired: ${claim.time} is now earlier than ${basicText(nowMs)}`;
    return { kind: 'presign-expired', detail };
  }
  return at > nowMs + 15 * 60_000 ? skewProblem(claim, nowMs) : undefined;
}

/** What stands for the body in the signature; undefined where a declared hash is not its own. */
function payloadHashOf(request: HttpRequest, claim: Claim): string | undefined {
  const isS3 = claim.scope.service === 's3';
  if (claim.presigned && isS3) return 'UNSIGNED-PAYLOAD';
  const declared = request.headers['x-amz-content-sha256'];
  if (declared === 'UNSIGNED-PAYLOAD' || declared?.startsWith('STREAMING-') === true) {
    return declared;
  }
  const actual = sha256Hex(request.body);
  return declared === undefined || declared.toLowerCase() === actual ? actual : undefined;
}

function signature(
  request: HttpRequest,
  claim: Pick<Claim, 'scope' | 'time' | 'signedHeaders'>,
  payloadHash: string,
  secret: string,
): string {
  const { date, region, service } = claim.scope;
  const [path, query] = splitPath(request.path);
  const canonicalRequest = [
    request.method,
    service === 's3' ? path : canonicalPath(path),
    canonicalQuery(query),
    ...claim.signedHeaders.map((name) => `${name}:${canonicalHeader(request, name)}`),
    '',
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
  const scopeText = `${date}/${region}/${service}/aws4_request`;
  const text = `${algorithm}\n${claim.time}\n${scopeText}\n${sha256Hex(canonicalRequest)}`;
  return hmacSha256Hex(signingKey(secret, claim.scope), text);
}

function canonicalHeader(request: HttpRequest, name: string): string {
  const value = request.headers[name] ?? '';
  return /^\s|\s$|\s\s/.test(value) ? value.trim().replace(/\s+/g, ' ') : value;
}

/** Dot segments resolved, then escaped once more than it is already. */
function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  const tail = path.endsWith('/') && parts.length > 0 ? '/' : '';
  return `/${parts.map(percentEncode).join('/')}${tail}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('X-Amz-Signature='))
    .map((part) => {
      const equals = part.indexOf('=');
      const key = equals === -1 ? part : part.slice(0, equals);
      const value = equals === -1 ? '' : part.slice(equals + 1);
      const again = (text: string): string => percentEncode(percentDecode(text) ?? text);
      return [again(key), again(value)] as const;
    })
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([key, value]) => `${key}=${value}`)
    .join('&');
}

const signingKeys = new Map<string, Uint8Array>();
const signingKeysMax = 256;

/** A key holds for a day, a region and a service; making one costs four digests. */
function signingKey(secret: string, scope: SigV4Scope): Uint8Array {
  const name = `${scope.date}/${scope.region}/${scope.service}/${secret}`;
  const known = signingKeys.get(name);
  if (known !== undefined) return known;
  let key = hmacSha256(`AWS4${secret}`, scope.date);
  for (const part of [scope.region, scope.service, 'aws4_request']) key = hmacSha256(key, part);
  if (signingKeys.size >= signingKeysMax) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

export interface Signer {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly region: string;
  readonly service: string;
  readonly nowMs: number;
}

/** The request with an Authorization header over all of its headers. It must have a `host`. */
export function signRequest(request: HttpRequest, signer: Signer): HttpRequest {
  const time = basicText(signer.nowMs);
  const { accessKeyId, region, service } = signer;
  const scope = { accessKeyId, date: time.slice(0, 8), region, service };
  const payloadHash = sha256Hex(request.body);
  const headers = { ...request.headers, 'x-amz-date': time, 'x-amz-content-sha256': payloadHash };
  const signedHeaders = Object.keys(headers).toSorted();
  const claim = { scope, time, signedHeaders };
  const made = signature({ ...request, headers }, claim, payloadHash, signer.secret);
  const credential = `${accessKeyId}/${scope.date}/${region}/${service}/aws4_request`;
  const authorization = `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${made}`;
  return { ...request, headers: { ...headers, authorization } };
}
