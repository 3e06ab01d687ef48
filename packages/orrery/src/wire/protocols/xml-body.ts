/** Owns: what awsQuery and restXml share: an error as XML, both ways. */
import type { HttpResponse } from '../../io/io.ts';
import { utf8Decode } from '../../stdx/bytes.ts';
import { type ErrorAnswer, WireError } from '../errors.ts';
import type { ServiceModel } from '../model.ts';
import { parseXml, type XmlElement } from '../xml-reader.ts';
import { escapeXml, type XmlShapes } from '../xml-shapes.ts';
import { fieldsOf, knownError, statusOf } from './protocol.ts';

/** The text of an error. `error.code` is the code on the wire. */
export function writeXmlError(
  model: ServiceModel,
  xml: XmlShapes,
  error: ErrorAnswer,
  requestId: string,
): string {
  const type = statusOf(model, error) < 500 ? 'Sender' : 'Receiver';
  const head = `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>`;
  const fields = writeFields(model, xml, error);
  if (model.namespace === 'com.amazonaws.s3') {
    const id = `<RequestId>${requestId}</RequestId><HostId>${requestId}</HostId>`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${head}${fields}${id}</Error>`;
  }
  const start = `<ErrorResponse xmlns="${model.xmlNamespace ?? ''}"><Error><Type>${type}</Type>`;
  const end = `</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
  return `<?xml version="1.0"?>\n${start}${head}${fields}${end}`;
}

/** Modelled members by their shapes; others (S3 names the bucket, the key) as text. */
function writeFields(model: ServiceModel, xml: XmlShapes, error: ErrorAnswer): string {
  const known = knownError(model, error.code);
  const fields = fieldsOf(error);
  const others = Object.entries(fields)
    .filter(([name]) => known === undefined || !Object.hasOwn(known.shape.members, name))
    .filter(([name, value]) => /^[A-Za-z]\w*$/.test(name) && typeof value !== 'object')
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`);
  const modelled = known === undefined ? '' : xml.writeMembers(known.shape, fields);
  return modelled + others.join('');
}

/** The error that an XML answer holds, whatever it holds. */
export function readXmlError(
  model: ServiceModel,
  xml: XmlShapes,
  response: HttpResponse,
): ErrorAnswer {
  const unreadable = { code: `Http${response.status}`, message: '', status: response.status };
  const root = parseOrNothing(utf8Decode(response.body));
  const element = root?.name === 'ErrorResponse' ? root.children.find(isError) : root;
  if (element === undefined) return { ...unreadable, fields: {}, typePrefix: undefined };
  const text = (name: string): string | undefined =>
    element.children.find((child) => child.name === name)?.text;
  const code = text('Code') ?? unreadable.code;
  const known = knownError(model, code);
  const fields = known === undefined ? {} : xml.readStructure(known.shape, element);
  return {
    code,
    message: text('Message') ?? '',
    status: response.status,
    fields: fieldsOf({ ...unreadable, fields, typePrefix: undefined }),
    typePrefix: undefined,
  };
}

const isError = (element: XmlElement): boolean => element.name === 'Error';

/** The root of an answer that may come from anything that speaks HTTP. */
function parseOrNothing(text: string): XmlElement | undefined {
  try {
    return parseXml(text, (message) => new WireError('MalformedXML', message));
  } catch {
    return undefined;
  }
}
