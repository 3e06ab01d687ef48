/** Services with canned answers, for tests of real clients. `inputs` holds what they were asked. */

import { utf8Encode } from '../stdx/bytes.ts';
import acm from '../wire/generated/acm.json' with { type: 'json' };
import apigatewayv2 from '../wire/generated/apigatewayv2.json' with { type: 'json' };
import cloudformation from '../wire/generated/cloudformation.json' with { type: 'json' };
import dynamodb from '../wire/generated/dynamodb.json' with { type: 'json' };
import iam from '../wire/generated/iam.json' with { type: 'json' };
import lambda from '../wire/generated/lambda.json' with { type: 'json' };
import logs from '../wire/generated/logs.json' with { type: 'json' };
import route53 from '../wire/generated/route53.json' with { type: 'json' };
import s3 from '../wire/generated/s3.json' with { type: 'json' };
import ssm from '../wire/generated/ssm.json' with { type: 'json' };
import sts from '../wire/generated/sts.json' with { type: 'json' };
import { asModel } from '../wire/models.ts';
import { SerializedBody, type Service, ServiceError } from './service.ts';

/** In the order in which they came. */
export const inputs: { readonly operation: string; readonly input: unknown }[] = [];

type Input = Readonly<Record<string, unknown>>;
type Answers = Readonly<Record<string, (input: Input) => unknown>>;

const at = 1_700_000_000_000;

function canned(
  name: string,
  model: unknown,
  answers: Answers,
  options: Partial<Service> = {},
): Service {
  const operations = Object.fromEntries(
    Object.entries(answers).map(([operation, answer]) => [
      operation,
      (input: Input) => {
        inputs.push({ operation, input });
        return answer(input);
      },
    ]),
  );
  return { name, model: asModel(model), operations, ...options };
}

const nothing = (): object => ({});

function refuse(code: string, message: string, fields: Input = {}, status?: number): never {
  throw new ServiceError(code, message, { fields, ...(status !== undefined && { status }) });
}

const dynamodbAnswers: Answers = {
  PutItem: () => new SerializedBody('{}'),
  GetItem: () => ({ Item: { pk: { S: 'a' }, data: { B: 'AQID' } } }),
  UpdateItem: () =>
    refuse('ConditionalCheckFailedException', 'The conditional request failed', {
      Item: { pk: { S: 'a' } },
    }),
  DescribeTable: async () => ({ Table: { TableName: 'orders', CreationDateTime: at + 123 } }),
};

const route53Answers: Answers = {
  ChangeResourceRecordSets: ({ HostedZoneId }) =>
    HostedZoneId === 'ZBAD'
      ? refuse('InvalidChangeBatch', '[first, second]', { messages: ['first', 'second'] })
      : { ChangeInfo: { Id: '/change/C1', Status: 'PENDING', SubmittedAt: at } },
  GetHostedZone: ({ Id }) => refuse('NoSuchHostedZone', `No hosted zone found with ID: ${Id}`),
  ListHostedZonesByName: () => ({ HostedZones: [], IsTruncated: false, MaxItems: 1 }),
};

const lambdaAnswers: Answers = {
  CreateFunction: () => ({ FunctionName: 'f', State: 'Pending' }),
  Invoke: () => ({
    StatusCode: 200,
    FunctionError: 'Unhandled',
    ExecutedVersion: '$LATEST',
    Payload: utf8Encode('{"ok":true}'),
  }),
  GetFunction: ({ FunctionName }) =>
    refuse('ResourceNotFoundException', `Function not found: ${FunctionName}`),
  TagResource: nothing,
  UntagResource: nothing,
};

const s3Answers: Answers = {
  CreateBucket: () => ({ Location: '/assets' }),
  PutObject: () => ({ ETag: '"5d41402abc4b2a76b9719d911017c592"' }),
  GetObject: ({ Key }) =>
    Key === 'none'
      ? refuse('NoSuchKey', 'The specified key does not exist.', { Key })
      : { Body: utf8Encode('hello'), LastModified: at, Metadata: { color: 'red' } },
  HeadObject: () => refuse('NotFound', 'Not Found', {}, 404),
  HeadBucket: nothing,
  ListObjectsV2: () => ({
    Name: 'assets',
    KeyCount: 1,
    IsTruncated: false,
    Contents: [{ Key: 'p/<1>', LastModified: at, Size: 5 }],
  }),
  GetBucketLocation: () => ({ LocationConstraint: 'eu-central-1' }),
  CopyObject: () => ({ CopyObjectResult: { ETag: '"e"', LastModified: at } }),
  DeleteObjects: () => ({ Deleted: [{ Key: 'a' }] }),
};

const cloudformationAnswers: Answers = {
  CreateChangeSet: () => ({ Id: 'arn:change-set', StackId: 'arn:stack' }),
  DescribeStacks: ({ StackName }) =>
    StackName === 'none'
      ? refuse('ValidationError', 'Stack with id none does not exist')
      : {
          Stacks: [
            {
              StackName: 's',
              CreationTime: at,
              StackStatus: 'CREATE_COMPLETE',
              Outputs: [{ OutputKey: 'Url', OutputValue: 'http://x?a&b' }],
            },
          ],
        },
  DeleteStack: nothing,
};

/** One service for every model. */
export function cannedServices(): Service[] {
  return [
    canned('dynamodb', dynamodb, dynamodbAnswers, { blobs: 'base64', validatesRequired: true }),
    canned('route53', route53, route53Answers),
    canned('lambda', lambda, lambdaAnswers),
    canned('s3', s3, s3Answers),
    canned('cloudformation', cloudformation, cloudformationAnswers),
    canned('apigateway', apigatewayv2, {
      CreateApi: ({ Name }) => ({ ApiId: 'abc123', Name, CreatedDate: at }),
      GetApi: ({ ApiId }) =>
        refuse('NotFoundException', `Invalid API identifier specified 000000000000:${ApiId}`),
      DeleteApi: nothing,
    }),
    canned('sts', sts, {
      AssumeRole: () => ({
        Credentials: {
          AccessKeyId: 'ASIA',
          SecretAccessKey: 's',
          SessionToken: 't',
          Expiration: at,
        },
      }),
      GetCallerIdentity: () => ({ Account: '000000000000', UserId: 'u', Arn: 'arn:aws:x' }),
    }),
    canned('iam', iam, {
      GetRole: () => refuse('NoSuchEntityException', 'The role with name none cannot be found.'),
    }),
    canned('ssm', ssm, {
      GetParameter: ({ Name }) => ({ Parameter: { Name, Value: Name, Version: 1 } }),
    }),
    canned('acm', acm, {
      RequestCertificate: () => ({ CertificateArn: 'arn:aws:acm:eu-central-1:0:certificate/1' }),
    }),
    canned('logs', logs, { CreateLogGroup: nothing }),
  ];
}
