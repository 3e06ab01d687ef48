/** DynamoDB requests as bytes, signed as far as a local endpoint looks at it. */
import { httpRequest } from './load.ts';

const region = 'us-east-1';
const scope = `test/20261124/${region}/dynamodb/aws4_request`;

export function dynamoDbRequest(operation: string, input: unknown): Buffer {
  const headers = {
    host: '127.0.0.1',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'x-amz-date': '20261124T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${'0'.repeat(64)}`,
  };
  return httpRequest('POST', '/', headers, JSON.stringify(input));
}
