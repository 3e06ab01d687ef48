/**
 * Owns: what kind of request has come to a front door: an AWS API call (of which service, scoped
 * to which region), or a call of a user's API (the data plane of API Gateway).
 *
 *  C1  Signed with SigV4: the scope's word counts, and `execute-api` there means the data plane.
 *  C2  Unsigned, but with X-Amz-Target or `Action=…&Version=…`: an AWS API call.
 *  C3  Unsigned, to an address (not a host name) and a path that only AWS uses: an AWS API call.
 *  C4  All else is the data plane.
 */
import type { HttpRequest } from '../io/io.ts';
import { hasAwsMark, readScope } from '../wire/sigv4-scope.ts';
import { isRegion } from '../world/regions.ts';
import { queryParameters, type Registry } from './registry.ts';

export type Wanted =
  | { readonly kind: 'data-plane'; readonly region: string | undefined }
  | {
      readonly kind: 'api';
      /** Undefined where the request is AWS's but does not say of which service. */
      readonly service: string | undefined;
      /** Undefined where the request is not signed. */
      readonly region: string | undefined;
      readonly accessKeyId: string | undefined;
    };

/** Paths of rest services for unsigned requests. */
const pathPrefixes: readonly (readonly [prefix: string, service: string])[] = [
  ['/2013-04-01/', 'route53'],
  ['/2014-11-13/functions', 'lambda'],
  ['/2015-03-31/', 'lambda'],
  ['/2017-03-31/', 'lambda'],
  ['/2017-10-31/', 'lambda'],
  ['/2018-10-31/', 'lambda'],
  ['/2019-09-25/', 'lambda'],
  ['/2019-09-30/', 'lambda'],
  ['/2020-06-30/', 'lambda'],
  ['/2021-10-31/', 'lambda'],
  ['/v2/apis', 'apigateway'],
  ['/v2/domainnames', 'apigateway'],
  ['/restapis', 'apigateway'],
];

/** What a request wants. Never throws. */
export function classify(request: HttpRequest, registry: Registry): Wanted {
  const scope = readScope(request);
  if (scope !== undefined) {
    if (scope.service === 'execute-api') return { kind: 'data-plane', region: scope.region };
    const { service, region, accessKeyId } = scope;
    return { kind: 'api', service, region, accessKeyId };
  }
  if (hasAwsMark(request) || queryParameters(request) !== undefined) {
    return unsigned(registry.infer(request) ?? serviceOfTarget(request));
  }
  const byPath = hostIsAddress(request)
    ? pathPrefixes.find(([prefix]) => request.path.startsWith(prefix))
    : undefined;
  if (byPath !== undefined) return unsigned(byPath[1]);
  return { kind: 'data-plane', region: regionOfExecuteApiHost(request) };
}

function unsigned(service: string | undefined): Wanted {
  return { kind: 'api', service, region: undefined, accessKeyId: undefined };
}

/** A guess for services that this process does not have: an edge process has no DynamoDB. */
function serviceOfTarget(request: HttpRequest): string | undefined {
  const prefix = request.headers['x-amz-target']?.split('.')[0];
  const known: Readonly<Record<string, string>> = {
    DynamoDB_20120810: 'dynamodb',
    DynamoDBStreams_20120810: 'dynamodb',
    Logs_20140328: 'logs',
    AmazonSSM: 'ssm',
    CertificateManager: 'acm',
    GraniteServiceVersion20100801: 'monitoring',
  };
  if (prefix !== undefined) return Object.hasOwn(known, prefix) ? known[prefix] : undefined;
  const versions: Readonly<Record<string, string>> = {
    '2010-05-15': 'cloudformation',
    '2010-05-08': 'iam',
    '2011-06-15': 'sts',
    '2010-08-01': 'monitoring',
  };
  const version = queryParameters(request)?.version ?? '';
  return Object.hasOwn(versions, version) ? versions[version] : undefined;
}

function hostIsAddress(request: HttpRequest): boolean {
  const host = (request.headers['host'] ?? '').replace(/:\d+$/, '');
  return host === '' || host === 'localhost' || /^[\d.]+$|^\[[\da-f:]+\]$/i.test(host);
}

/** `abc123.execute-api.eu-central-1.amazonaws.com` → `eu-central-1`. */
function regionOfExecuteApiHost(request: HttpRequest): string | undefined {
  const region = /\.execute-api\.([a-z0-9-]+)\./.exec(request.headers['host'] ?? '')?.[1];
  return region !== undefined && isRegion(region) ? region : undefined;
}
