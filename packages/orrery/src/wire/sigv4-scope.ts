/**
 * Owns: what a SigV4 signature says of its request without being verified: access key, region and
 * service. Refuses to own: verification (sigv4.ts).
 *
 *  S1  Reading never throws, whatever the header holds.
 */
import type { HttpRequest } from '../io/io.ts';
import { remember } from '../stdx/memo.ts';
import { percentDecode, splitPath } from './query-string.ts';

export interface SigV4Scope {
  readonly accessKeyId: string;
  /** `20261124` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

const scope =
  /^([\w+=.@-]{1,128})\/(\d{8})\/([a-z0-9-]{1,32})\/([A-Za-z0-9_-]{1,64})\/aws4_request$/;

const scopesRemembered = 256;

/** The scope of the Authorization header, else of a presigned URL; undefined where neither is. */
export function readScope(request: HttpRequest): SigV4Scope | undefined {
  const header = request.headers['authorization'];
  if (header?.startsWith('AWS4-')) {
    const start = header.indexOf('Credential=');
    return start === -1 ? undefined : parseScope(untilComma(header.slice(start + 11, start + 300)));
  }
  const credential = presignedParameter(request.path, 'X-Amz-Credential');
  return credential === undefined ? undefined : parseScope(credential);
}

/** A parameter of a presigned URL, decoded. */
export function presignedParameter(path: string, name: string): string | undefined {
  const [, query] = splitPath(path);
  if (!query.includes(name)) return undefined;
  for (const part of query.split('&', 1000)) {
    if (part.startsWith(`${name}=`)) return percentDecode(part.slice(name.length + 1));
  }
  return undefined;
}

function untilComma(text: string): string {
  const end = text.search(/[,\s]/);
  return end === -1 ? text : text.slice(0, end);
}

/** A client signs with the same scope all day. */
const parseScope = remember((credential: string): SigV4Scope | undefined => {
  const match = scope.exec(credential);
  if (match === null) return undefined;
  const [, accessKeyId = '', date = '', region = '', service = ''] = match;
  return { accessKeyId, date, region, service };
}, scopesRemembered);

/** Whether a request bears any mark of an AWS API call, valid or not. */
export function hasAwsMark(request: HttpRequest): boolean {
  const { headers, path } = request;
  if (headers['authorization']?.startsWith('AWS4-') === true) return true;
  if (headers['x-amz-target'] !== undefined) return true;
  const [, query] = splitPath(path);
  return /(?:^|&)(?:X-Amz-Credential|X-Amz-Signature)=/.test(query);
}
