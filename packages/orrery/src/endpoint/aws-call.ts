/**
 * Owns: one service calling the AWS API of another (or of its own, in another region) over the
 * network, as any client would, without an SDK and without a signature.
 */
import type { Io, ServiceAddress } from '../io/io.ts';
import { createCodec } from '../wire/codec.ts';
import type { ServiceModel } from '../wire/model.ts';
import type { ClientCodec } from '../wire/protocols/protocol.ts';
import { ServiceError } from './service.ts';

const codecs = new WeakMap<ServiceModel, ClientCodec>();

export interface AwsCallOptions {
  readonly deadlineMs: number;
}

/**
 * The output of an operation: plain objects by member name, blobs as bytes, timestamps epoch
 * milliseconds. Throws `ServiceError` with the code, message, status and members of an error
 * answer, and lets a `NetError` pass.
 */
export async function callAws<Output = Readonly<Record<string, unknown>>>(
  io: Pick<Io, 'network'>,
  address: ServiceAddress,
  model: ServiceModel,
  operation: string,
  input: object,
  options: AwsCallOptions,
): Promise<Output> {
  let codec = codecs.get(model);
  if (codec === undefined) {
    codec = createCodec(model);
    codecs.set(model, codec);
  }
  const response = await io.network.request(address, codec.request(operation, input), options);
  const answer = codec.response(operation, response);
  if (answer.ok) return answer.output as Output;
  const { code, message, status, fields } = answer.error;
  throw new ServiceError(code, message, { status, fields });
}
