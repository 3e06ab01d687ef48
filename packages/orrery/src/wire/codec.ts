/** Owns: the choice of a protocol for a model. One codec serves one service of one process. */
import type { ServiceModel } from './model.ts';
import { AwsJson } from './protocols/aws-json.ts';
import { AwsQuery } from './protocols/aws-query.ts';
import type { ClientCodec, CodecOptions, ServerCodec } from './protocols/protocol.ts';
import { RestJson } from './protocols/rest-json.ts';
import { RestXml } from './protocols/rest-xml.ts';

/** Both sides of a service's protocol. Shapes are compiled as they are first met. */
export function createCodec(
  model: ServiceModel,
  options: CodecOptions = {},
): ServerCodec & ClientCodec {
  switch (model.protocol) {
    case 'awsJson1_0':
    case 'awsJson1_1':
      return new AwsJson(model, options);
    case 'awsQuery':
      return new AwsQuery(model, options);
    case 'restJson1':
      return new RestJson(model, options);
    case 'restXml':
      return new RestXml(model, options);
  }
}
