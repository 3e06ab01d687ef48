/** PutParameter, GetParameter(s), GetParametersByPath, DeleteParameter(s). */
import type {
  DeleteParameterRequest,
  DeleteParametersRequest,
  GetParameterRequest,
  GetParametersByPathRequest,
  GetParametersRequest,
  PutParameterRequest,
} from '@aws-sdk/client-ssm';
import { utf8Encode } from '../../../stdx/bytes.ts';
import { parameterAlreadyExists, parameterNotFound, validationException } from '../errors.ts';
import type { Ssm } from '../service.ts';

export interface ParameterRecord {
  readonly name: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  readonly version: number;
  readonly modifiedMs: number;
  readonly dataType: string;
}

const standardBytesMax = 4096;
const advancedBytesMax = 8192;
const keyPrefix = 'parameter/';
const nameMax = 1011;

export function putParameter(ssm: Ssm) {
  return async (input: PutParameterRequest): Promise<object> => {
    const { Name: name = '', Value: value = '', Overwrite, Tier } = input;
    if (name.length > nameMax || !/^[a-zA-Z0-9_.\-/]+$/.test(name)) {
      throw validationException(
        'Parameter name must not be empty and may hold letters, digits and the symbols . - _ / only.',
      );
    }
    const bytesMax = Tier === 'Advanced' ? advancedBytesMax : standardBytesMax;
    if (value === '' || Buffer.byteLength(value) > bytesMax) {
      throw validationException(`Parameter value must have between 1 and ${bytesMax} bytes.`);
    }
    const old = find(ssm, name);
    if (old !== undefined && Overwrite !== true) throw parameterAlreadyExists();
    const record = put(ssm, {
      name,
      type: (input.Type ?? old?.type ?? 'String') as ParameterRecord['type'],
      value,
      version: (old?.version ?? 0) + 1,
      modifiedMs: ssm.io.clock.wallMs(),
      dataType: input.DataType ?? 'text',
    });
    await ssm.store.flushed();
    return { Version: record.version, Tier: Tier ?? 'Standard' };
  };
}

export function getParameter(ssm: Ssm) {
  return ({ Name: name = '' }: GetParameterRequest): object => {
    const found = find(ssm, name);
    if (found === undefined) throw parameterNotFound(name);
    return { Parameter: describe(ssm, found) };
  };
}

export function getParameters(ssm: Ssm) {
  return ({ Names = [] }: GetParametersRequest): object => {
    const found = Names.map((name) => find(ssm, name));
    return {
      Parameters: found.flatMap((one) => (one === undefined ? [] : [describe(ssm, one)])),
      InvalidParameters: Names.filter((_name, index) => found[index] === undefined),
    };
  };
}

export function getParametersByPath(ssm: Ssm) {
  return ({ Path = '/', Recursive }: GetParametersByPathRequest): object => {
    if (Path.length > nameMax) throw validationException('The parameter path is too long.');
    const path = Path.endsWith('/') ? Path : `${Path}/`;
    const start = utf8Encode(keyPrefix + path);
    const end = utf8Encode(`${keyPrefix + path}\x7f`);
    const found: ParameterRecord[] = [];
    for (const { value } of ssm.store.range({ start, end })) {
      const record = JSON.parse(value) as ParameterRecord;
      const isDirect = !record.name.slice(path.length).includes('/');
      if (Recursive === true || isDirect) found.push(record);
    }
    return { Parameters: found.map((record) => describe(ssm, record)) };
  };
}

export function deleteParameter(ssm: Ssm) {
  return async ({ Name: name = '' }: DeleteParameterRequest): Promise<object> => {
    if (!remove(ssm, name)) throw parameterNotFound(name);
    await ssm.store.flushed();
    return {};
  };
}

export function deleteParameters(ssm: Ssm) {
  return async ({ Names = [] }: DeleteParametersRequest): Promise<object> => {
    const deleted = Names.filter((name) => remove(ssm, name));
    await ssm.store.flushed();
    return {
      DeletedParameters: deleted,
      InvalidParameters: Names.filter((name) => !deleted.includes(name)),
    };
  };
}

/** By name, or by `name:version` where that is the version that stands. */
function find(ssm: Ssm, name: string): ParameterRecord | undefined {
  const [plain = '', version] = name.split(':');
  if (plain.length > nameMax) return undefined;
  const text = ssm.store.get(utf8Encode(keyPrefix + plain));
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as ParameterRecord;
  return version === undefined || String(record.version) === version ? record : undefined;
}

export function put(ssm: Ssm, record: ParameterRecord): ParameterRecord {
  ssm.store.transaction((transaction) => {
    transaction.put(utf8Encode(keyPrefix + record.name), JSON.stringify(record));
  });
  return record;
}

function remove(ssm: Ssm, name: string): boolean {
  if (find(ssm, name) === undefined) return false;
  ssm.store.transaction((transaction) => transaction.delete(utf8Encode(keyPrefix + name)));
  return true;
}

function describe(ssm: Ssm, record: ParameterRecord): object {
  const path = record.name.startsWith('/') ? record.name : `/${record.name}`;
  return {
    Name: record.name,
    Type: record.type,
    Value: record.value,
    Version: record.version,
    LastModifiedDate: record.modifiedMs,
    DataType: record.dataType,
    ARN: `arn:aws:ssm:${ssm.region}:${ssm.accountId}:parameter${path}`,
  };
}
