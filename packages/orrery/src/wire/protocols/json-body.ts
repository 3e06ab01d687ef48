/** Owns: what awsJson and restJson1 share: reading a JSON text, and an error out of an answer. */
import type { HttpResponse } from '../../io/io.ts';
import { utf8Decode } from '../../stdx/bytes.ts';
import type { ErrorAnswer } from '../errors.ts';
import type { JsonReader } from '../json-reader.ts';
import type { ServiceModel } from '../model.ts';
import { headerOf, knownError } from './protocol.ts';

/** The value of a JSON text, or undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error that a JSON answer holds, whatever it holds. */
export function readJsonError(
  model: ServiceModel,
  reader: JsonReader,
  response: HttpResponse,
): ErrorAnswer {
  const parsed = parseJson(utf8Decode(response.body));
  const body = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as Record<
    string,
    unknown
  >;
  const type = headerOf(response, 'x-amzn-errortype') ?? body['__type'] ?? body['code'];
  const code = typeof type === 'string' ? bareCode(type) : `Http${response.status}`;
  const message = body['message'] ?? body['Message'] ?? body['errorMessage'];
  const known = knownError(model, code);
  const fields = known === undefined ? body : reader.read(known.name, body);
  const { message: _a, Message: _b, __type: _c, ...rest } = fields as Record<string, unknown>;
  return {
    code,
    message: typeof message === 'string' ? message : '',
    status: response.status,
    fields: rest,
    typePrefix: undefined,
  };
}

/** `com.amazonaws.dynamodb.v20120810#Name`, `Name:http://…` and `Name` all mean Name. */
function bareCode(type: string): string {
  const text = type.split(':')[0] ?? '';
  return text.slice(text.lastIndexOf('#') + 1);
}
