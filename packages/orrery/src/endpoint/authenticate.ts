/**
 * Owns: whether a request may pass, and the words with which AWS's services refuse one.
 *
 *  A1  `open` reads nothing but the scope; `strict` verifies every signature.
 *  A2  The data plane of API Gateway is not authenticated here: authorizers are its own.
 */
import type { HttpRequest } from '../io/io.ts';
import { type SignatureProblem, verifySignature } from '../wire/sigv4.ts';
import { ServiceError } from './service.ts';

export type Auth =
  | { readonly mode: 'open' }
  | {
      readonly mode: 'strict';
      /** The secret of an access key, undefined where the key is not known. */
      readonly secretOf: (accessKeyId: string) => string | undefined;
    };

/** The families of protocols that word these errors alike. */
export type ErrorFamily = 'json' | 'rest-json' | 'xml' | 's3';

/** Throws the service's error where the request may not pass. */
export function authenticate(
  request: HttpRequest,
  auth: Auth,
  nowMs: number,
  family: ErrorFamily,
): void {
  if (auth.mode === 'open') return;
  const problem = verifySignature(request, { secretOf: auth.secretOf, nowMs });
  if (problem !== undefined) throw errorOf(problem, family);
}

const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function errorOf(problem: SignatureProblem, family: ErrorFamily): ServiceError {
  if (family === 's3') return s3Error(problem);
  const isXml = family === 'xml';
  const error = (jsonCode: string, xmlCode: string, message: string): ServiceError =>
    new ServiceError(isXml ? xmlCode : jsonCode, message, {
      status: family === 'json' ? 400 : 403,
      typePrefix: 'com.amazon.coral.service',
    });
  switch (problem.kind) {
    case 'missing':
      return error(
        'MissingAuthenticationTokenException',
        'MissingAuthenticationToken',
        family === 'rest-json'
          ? 'Missing Authentication Token'
          : 'Request is missing Authentication Token',
      );
    case 'incomplete':
      return error('IncompleteSignatureException', 'IncompleteSignature', problem.detail);
    case 'unknown-key':
      return error(
        'UnrecognizedClientException',
        'InvalidClientTokenId',
        'The security token included in the request is invalid.',
      );
    case 'mismatch':
    case 'skewed':
    case 'presign-expired':
      return error(
        'InvalidSignatureException',
        'SignatureDoesNotMatch',
        problem.detail === '' ? mismatch : problem.detail,
      );
  }
}

function s3Error(problem: SignatureProblem): ServiceError {
  const error = (code: string, message: string, status = 403): ServiceError =>
    new ServiceError(code, message, { status });
  switch (problem.kind) {
    case 'missing':
      return error('AccessDenied', 'Access Denied');
    case 'incomplete':
      return error('AuthorizationHeaderMalformed', problem.detail, 400);
    case 'unknown-key':
      return error(
        'InvalidAccessKeyId',
        'The AWS Access Key Id you provided does not exist in our records.',
      );
    case 'skewed':
      return error(
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
      );
    case 'presign-expired':
      return error('AccessDenied', 'Request has expired');
    case 'mismatch':
      return error(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      );
  }
}
