/**
 * Owns: errors about requests whose service this process does not have: the protocol is guessed
 * from the request, so that its client finds the error where it looks for one.
 */
import type { HttpRequest } from '../io/io.ts';
import { createCodec } from '../wire/codec.ts';
import type { Protocol, ServiceModel } from '../wire/model.ts';
import type { ServerCodec } from '../wire/protocols/protocol.ts';
import type { ErrorFamily } from './authenticate.ts';
import { queryParameters } from './registry.ts';

const codecs = new Map<string, ServerCodec>();

/** A codec that can write errors for a request, and nothing else. */
export function errorCodecFor(request: HttpRequest, signingName: string | undefined): ServerCodec {
  const isS3 = signingName === 's3';
  const protocol = protocolOf(request, signingName);
  const name = isS3 ? 's3' : protocol;
  let codec = codecs.get(name);
  if (codec === undefined) {
    codec = createCodec(emptyModel(protocol, isS3 ? 'com.amazonaws.s3' : 'orrery'));
    codecs.set(name, codec);
  }
  return codec;
}

function protocolOf(request: HttpRequest, signingName: string | undefined): Protocol {
  if (request.headers['x-amz-target'] !== undefined) {
    const type = request.headers['content-type'] ?? '';
    return type.includes('json-1.1') ? 'awsJson1_1' : 'awsJson1_0';
  }
  if (signingName === 's3' || signingName === 'route53') return 'restXml';
  return queryParameters(request) === undefined ? 'restJson1' : 'awsQuery';
}

function emptyModel(protocol: Protocol, namespace: string): ServiceModel {
  return {
    source: 'orrery',
    protocol,
    apiVersion: '',
    namespace,
    xmlNamespace: '',
    operations: {},
    shapes: {},
  };
}

/** The family of a service's protocol, or of the protocol that a request seems to speak. */
export function familyOf(
  model: ServiceModel | undefined,
  request: HttpRequest,
  signingName?: string,
): ErrorFamily {
  if (signingName === 's3') return 's3';
  switch (model?.protocol ?? protocolOf(request, signingName)) {
    case 'awsJson1_0':
    case 'awsJson1_1':
      return 'json';
    case 'restJson1':
      return 'rest-json';
    case 'awsQuery':
    case 'restXml':
      return 'xml';
  }
}
