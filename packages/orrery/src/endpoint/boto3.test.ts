/** boto3, where Python has it: the other half of the world's clients, with manners of its own. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { utf8Decode } from '../stdx/bytes.ts';
import type { Auth } from './authenticate.ts';
import { fakeProcess, listen } from './io.fake.ts';
import { cannedServices, inputs } from './services.fake.ts';

const program = `
import boto3, json, sys
from botocore.config import Config
from botocore.exceptions import ClientError
url = sys.argv[1]
def client(name):
    return boto3.client(name, endpoint_url=url, region_name='eu-central-1',
        aws_access_key_id='AKIATEST', aws_secret_access_key='the secret',
        config=Config(retries={'max_attempts': 0, 'mode': 'standard'}))
def attempt(call):
    try:
        return call()
    except ClientError as error:
        return [error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'],
                error.response['Error']['Message']]
out = {}
ddb = client('dynamodb')
ddb.put_item(TableName='orders', Item={'pk': {'S': 'a'}, 'data': {'B': b'\\x01\\x02\\x03'}})
out['item'] = ddb.get_item(TableName='orders', Key={'pk': {'S': 'a'}})['Item']['data']['B'].hex()
out['condition'] = attempt(lambda: ddb.update_item(TableName='orders', Key={'pk': {'S': 'a'}}))
out['unbuilt'] = attempt(lambda: ddb.list_backups())[:2]
zones = client('route53')
batch = {'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': {'Name': 'a.test', 'Type': 'A',
    'TTL': 60, 'ResourceRecords': [{'Value': '127.0.1.1'}]}}]}
out['change'] = zones.change_resource_record_sets(HostedZoneId='/hostedzone/Z1',
    ChangeBatch=batch)['ChangeInfo']['Status']
out['batch'] = attempt(lambda: zones.change_resource_record_sets(HostedZoneId='ZBAD', ChangeBatch=batch))
out['zone'] = attempt(lambda: zones.get_hosted_zone(Id='ZNONE'))
fn = client('lambda')
out['invoked'] = fn.invoke(FunctionName='f', Payload=b'{"a":1}')['Payload'].read().decode()
out['missing'] = attempt(lambda: fn.get_function(FunctionName='none'))
cfn = client('cloudformation')
out['stack'] = cfn.describe_stacks(StackName='s')['Stacks'][0]['Outputs'][0]['OutputValue']
out['none'] = attempt(lambda: cfn.describe_stacks(StackName='none'))
cfn.delete_stack(StackName='s')
out['api'] = client('apigatewayv2').create_api(Name='orders', ProtocolType='HTTP')['ApiId']
out['account'] = client('sts').get_caller_identity()['Account']
out['role'] = attempt(lambda: client('iam').get_role(RoleName='none'))[:2]
out['parameter'] = client('ssm').get_parameter(Name='/a')['Parameter']['Value']
client('logs').create_log_group(logGroupName='/g')
s3 = client('s3')
s3.create_bucket(Bucket='assets', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})
s3.put_object(Bucket='assets', Key='a b/c+d', Body=b'hello')
out['object'] = s3.get_object(Bucket='assets', Key='k')['Body'].read().decode()
out['key'] = attempt(lambda: s3.get_object(Bucket='assets', Key='none'))[:2]
out['list'] = s3.list_objects_v2(Bucket='assets')['Contents'][0]['Key']
out['location'] = s3.get_bucket_location(Bucket='assets')['LocationConstraint']
out['head'] = attempt(lambda: s3.head_object(Bucket='assets', Key='none'))[:2]
out['url'] = s3.generate_presigned_url('get_object', Params={'Bucket': 'assets', 'Key': 'k'})
print(json.dumps(out))
`;

const probe = spawnSync('python3', ['-c', 'import boto3'], { timeout: 60_000 });
const skip = probe.status === 0 ? false : 'python3 has no boto3 on this machine';

const strict: Auth = {
  mode: 'strict',
  secretOf: (id) => (id === 'AKIATEST' ? 'the secret' : undefined),
};

describe('boto3', { skip }, () => {
  for (const auth of [{ mode: 'open' }, strict] as const) {
    it(`understands every service, with auth ${auth.mode}`, async () => {
      const { endpoint } = await fakeProcess({ services: cannedServices(), auth });
      const server = await listen(endpoint.handle);
      try {
        const { stdout } = await promisify(execFile)('python3', ['-c', program, server.url], {
          timeout: 60_000,
        });
        const { url, ...out } = JSON.parse(stdout);
        assert.deepEqual(out, expected);
        const put = inputs.findLast(({ operation }) => operation === 'PutObject')?.input as Put;
        assert.deepEqual([put.Key, utf8Decode(put.Body)], ['a b/c+d', 'hello']);
        const presigned = await fetch(url);
        assert.equal(await presigned.text(), 'hello');
      } finally {
        await server.close();
      }
    });
  }
});

interface Put {
  readonly Key: string;
  readonly Body: Uint8Array;
}

const expected = {
  item: '010203',
  condition: ['ConditionalCheckFailedException', 400, 'The conditional request failed'],
  unbuilt: ['NotImplemented', 501],
  change: 'PENDING',
  batch: ['InvalidChangeBatch', 400, '[first, second]'],
  zone: ['NoSuchHostedZone', 404, 'No hosted zone found with ID: ZNONE'],
  invoked: '{"ok":true}',
  missing: ['ResourceNotFoundException', 404, 'Function not found: none'],
  stack: 'http://x?a&b',
  none: ['ValidationError', 400, 'Stack with id none does not exist'],
  api: 'abc123',
  account: '000000000000',
  role: ['NoSuchEntity', 404],
  parameter: '/a',
  object: 'hello',
  key: ['NoSuchKey', 404],
  list: 'p/<1>',
  location: 'eu-central-1',
  head: ['404', 404],
};
