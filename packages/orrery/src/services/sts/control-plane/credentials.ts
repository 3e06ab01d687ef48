/** GetCallerIdentity and AssumeRole. Nothing is stored: Orrery gives credentials to whoever asks. */
import type { AssumeRoleRequest, GetCallerIdentityResponse } from '@aws-sdk/client-sts';
import { type RequestContext, ServiceError } from '../../../endpoint/service.ts';
import type { Io } from '../../../io/io.ts';
import { base64Encode } from '../../../stdx/bytes.ts';

const durationSecondsDefault = 3600;

export function getCallerIdentity() {
  return (_input: object, context: RequestContext): GetCallerIdentityResponse => ({
    Account: context.accountId,
    Arn: `arn:aws:iam::${context.accountId}:user/${context.accessKeyId ?? 'anonymous'}`,
    UserId: context.accessKeyId ?? 'anonymous',
  });
}

export function assumeRole(io: Io) {
  return (input: AssumeRoleRequest): object => {
    const { RoleArn = '', RoleSessionName = '', DurationSeconds } = input;
    const role = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(RoleArn);
    if (role === null) {
      throw new ServiceError('ValidationError', `${RoleArn} is invalid`);
    }
    const [, account, name] = role;
    const id = `AROA${letters(io, 17)}`;
    return {
      Credentials: {
        AccessKeyId: `ASIA${letters(io, 16)}`,
        SecretAccessKey: base64Encode(io.random.bytes(30)),
        SessionToken: base64Encode(io.random.bytes(96)),
        Expiration: io.clock.wallMs() + (DurationSeconds ?? durationSecondsDefault) * 1000,
      },
      AssumedRoleUser: {
        AssumedRoleId: `${id}:${RoleSessionName}`,
        Arn: `arn:aws:sts::${account}:assumed-role/${name}/${RoleSessionName}`,
      },
    };
  };
}

function letters(io: Io, length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return [...io.random.bytes(length)].map((byte) => alphabet[byte % alphabet.length]).join('');
}
