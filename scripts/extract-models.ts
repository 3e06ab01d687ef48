/**
 * Writes `packages/orrery/src/wire/generated/<service>.json` from the schemas that the pinned
 * `@aws-sdk/client-*` packages export. `--check` writes nothing and fails where a file differs.
 *
 * Owns: the way from the SDK's schema tuples (`StaticSchema` of @smithy/types, an array whose first
 * element is its kind) to the types of `wire/model.ts`. Documentation, sensitivity and host
 * prefixes are dropped; constraints (length, range, pattern) are not in the SDK's schemas at all.
 *
 *  X1  Same packages in, same bytes out: everything is sorted by name.
 *  X2  Every operation of a service is kept, so that one which is not built can be named.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type {
  Member,
  MemberRef,
  OperationModel,
  Protocol,
  ServiceModel,
  Shape,
} from '../packages/orrery/src/wire/model.ts';

/** Packages to read where they are installed, and the file each one becomes. */
const packages: Readonly<Record<string, string>> = {
  'client-acm': 'acm',
  'client-apigatewayv2': 'apigatewayv2',
  'client-cloudformation': 'cloudformation',
  'client-cloudwatch': 'cloudwatch',
  'client-cloudwatch-logs': 'logs',
  'client-dynamodb': 'dynamodb',
  'client-dynamodb-streams': 'dynamodbstreams',
  'client-iam': 'iam',
  'client-lambda': 'lambda',
  'client-route-53': 'route53',
  'client-s3': 's3',
  'client-ssm': 'ssm',
  'client-sts': 'sts',
};

const directory = new URL('../packages/orrery/src/wire/generated/', import.meta.url);
const require = createRequire(import.meta.url);

type Traits = Readonly<Record<string, unknown>>;
type Schema = readonly unknown[];

const bitNames = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
];

function traitsOf(indicator: unknown): Traits {
  if (typeof indicator === 'object' && indicator !== null) return indicator as Traits;
  const bits = typeof indicator === 'number' ? indicator : 0;
  return Object.fromEntries(bitNames.flatMap((name, i) => ((bits >> i) & 1 ? [[name, 1]] : [])));
}

const scalars: Readonly<Record<number, readonly [name: string, shape: Shape]>> = {
  0: ['string', { type: 'string' }],
  1: ['number', { type: 'number' }],
  2: ['boolean', { type: 'boolean' }],
  4: ['timestamp', { type: 'timestamp' }],
  5: ['timestamp-date-time', { type: 'timestamp', timestampFormat: 'date-time' }],
  6: ['timestamp-http-date', { type: 'timestamp', timestampFormat: 'http-date' }],
  7: ['timestamp-epoch-seconds', { type: 'timestamp', timestampFormat: 'epoch-seconds' }],
  15: ['document', { type: 'document' }],
  21: ['blob', { type: 'blob' }],
  42: ['blob', { type: 'blob' }],
};

/** Collects the shapes of one service as they are met. */
class Shapes {
  readonly found = new Map<string, Shape>();

  /** Name of the shape that a reference leads to; puts it into `found`. */
  name(reference: unknown): string {
    if (typeof reference === 'function') return this.name(reference());
    if (typeof reference === 'number') return this.numbered(reference);
    if (reference === 'unit') {
      this.found.set('Unit', { type: 'structure', members: {} });
      return 'Unit';
    }
    const schema = reference as Schema;
    if (schema[0] === 0) return this.name(schema[4]);
    const name = String(schema[2]);
    if (this.found.has(name)) return name;
    this.found.set(name, { type: 'document' });
    this.found.set(name, this.composite(schema));
    return name;
  }

  private numbered(schema: number): string {
    if (schema >= 64) {
      const member = this.numbered(schema & 63);
      const isMap = schema >= 128;
      const name = isMap ? `map:${member}` : `list:${member}`;
      this.found.set(
        name,
        isMap ? { type: 'map', key: this.numbered(0), value: member } : { type: 'list', member },
      );
      return name;
    }
    const scalar = scalars[schema];
    if (scalar === undefined) throw new Error(`unknown simple schema ${schema}`);
    this.found.set(scalar[0], scalar[1]);
    return scalar[0];
  }

  private composite(schema: Schema): Shape {
    const traits = traitsOf(schema[3]);
    switch (schema[0]) {
      case 1:
        return { type: 'list', member: this.member(schema[4]) };
      case 2:
        return { type: 'map', key: this.member(schema[4]), value: this.member(schema[5]) };
      case 3:
      case 4:
      case -3:
        return this.structure(schema, traits);
      default:
        throw new Error(`unknown schema kind ${String(schema[0])} of ${String(schema[2])}`);
    }
  }

  private structure(schema: Schema, traits: Traits): Shape {
    const names = schema[4] as readonly string[];
    const references = schema[5] as readonly unknown[];
    const required = names.slice(0, schema[0] === 4 ? 0 : ((schema[6] as number | undefined) ?? 0));
    const query = traits['awsQueryError'] as readonly [string, number] | undefined;
    const fallback = traits['error'] === 'server' ? 500 : 400;
    return {
      type: schema[0] === 4 ? 'union' : 'structure',
      members: Object.fromEntries(names.map((name, i) => [name, this.member(references[i])])),
      ...(required.length > 0 && { required }),
      ...(traits['error'] !== undefined && {
        error: {
          code: query?.[0] ?? String(schema[2]),
          status: query?.[1] ?? (traits['httpError'] as number | undefined) ?? fallback,
        },
      }),
      ...(typeof traits['xmlName'] === 'string' && { xmlName: traits['xmlName'] }),
    };
  }

  private member(reference: unknown): MemberRef {
    const isPair =
      Array.isArray(reference) && reference.length === 2 && typeof reference[1] !== 'string';
    if (!isPair) return this.name(reference);
    const member = memberOf(this.name(reference[0]), traitsOf(reference[1]));
    return Object.keys(member).length === 1 ? member.shape : member;
  }
}

function memberOf(shape: string, traits: Traits): Member {
  const text = (name: string): string | undefined => {
    const value = traits[name];
    return typeof value === 'string' ? value : undefined;
  };
  const place = placeOf(traits);
  const wireName = place?.[1] ?? text('jsonName') ?? text('xmlName');
  const namespace = traits['xmlNamespace'];
  return {
    shape,
    ...(place !== undefined && { location: place[0] }),
    ...(wireName !== undefined && { wireName }),
    ...(traits['xmlFlattened'] !== undefined && { flattened: true }),
    ...(traits['xmlAttribute'] !== undefined && { xmlAttribute: true }),
    ...(Array.isArray(namespace) && { xmlNamespace: [String(namespace[0]), String(namespace[1])] }),
    ...(traits['idempotencyToken'] !== undefined && { idempotencyToken: true }),
  };
}

function placeOf(
  traits: Traits,
): readonly [NonNullable<Member['location']>, string | undefined] | undefined {
  const text = (name: string): string => String(traits[name]);
  if (traits['httpLabel'] !== undefined) return ['label', undefined];
  if (traits['httpQuery'] !== undefined) return ['query', text('httpQuery')];
  if (traits['httpQueryParams'] !== undefined) return ['queryMap', undefined];
  if (traits['httpHeader'] !== undefined) return ['header', text('httpHeader').toLowerCase()];
  if (traits['httpPrefixHeaders'] !== undefined)
    return ['headers', text('httpPrefixHeaders').toLowerCase()];
  if (traits['httpPayload'] !== undefined) return ['payload', undefined];
  if (traits['httpResponseCode'] !== undefined) return ['status', undefined];
  return undefined;
}

function operationOf(schema: Schema, shapes: Shapes, isS3: boolean): OperationModel {
  const input = shapes.name(schema[4]);
  const output = shapes.name(schema[5]);
  const http = traitsOf(schema[3])['http'] as readonly [string, string, number] | undefined;
  if (http === undefined) return { input, output };
  const shape = shapes.found.get(input);
  const hasBucket = isS3 && shape?.type === 'structure' && 'Bucket' in shape.members;
  // S3's URIs are written for virtual-host style; local clients use path style.
  const uri = hasBucket
    ? `/{Bucket}${http[1] === '/' ? '' : http[1].replace(/^\/(?=\?)/, '')}`
    : http[1];
  return { input, output, http: [http[0], uri, http[2]] };
}

interface ClientConfig {
  readonly apiVersion: string;
  readonly protocol: { getShapeId(): string };
  readonly protocolSettings: Readonly<Record<string, string>>;
}

const protocols: Readonly<Record<string, Protocol>> = {
  'aws.protocols#awsJson1_0': 'awsJson1_0',
  'aws.protocols#awsJson1_1': 'awsJson1_1',
  'aws.protocols#awsQuery': 'awsQuery',
  'aws.protocols#restJson1': 'restJson1',
  'aws.protocols#restXml': 'restXml',
};

/** The client's configuration; making the client reads no file and opens no connection. */
function configOf(exported: Readonly<Record<string, unknown>>): ClientConfig {
  const name = Object.keys(exported).find((key) => /^[A-Za-z].*Client$/.test(key));
  const Client = exported[name ?? ''] as new (options: object) => { config: ClientConfig };
  const credentials = { accessKeyId: 'none', secretAccessKey: 'none' };
  return new Client({ region: 'us-east-1', credentials }).config;
}

/** The model of one installed package. */
export async function extractModel(packageName: string): Promise<ServiceModel> {
  const exported = (await import(packageName)) as Readonly<Record<string, unknown>>;
  const { version } = require(`${packageName}/package.json`) as { version: string };
  const config = configOf(exported);
  const protocol = protocols[config.protocol.getShapeId()];
  if (protocol === undefined) throw new Error(`unknown protocol of ${packageName}`);
  const shapes = new Shapes();
  const operations = new Map<string, OperationModel>();
  const namespace = config.protocolSettings['defaultNamespace'] ?? '';
  for (const [name, value] of Object.entries(exported)) {
    if (!name.endsWith('$') || !Array.isArray(value) || value[1] !== namespace) continue;
    if (value[0] === -3) shapes.name(value);
    if (value[0] !== 9) continue;
    operations.set(String(value[2]), operationOf(value, shapes, namespace === 'com.amazonaws.s3'));
  }
  const isJson = protocol === 'awsJson1_0' || protocol === 'awsJson1_1';
  const target = config.protocolSettings['serviceTarget'];
  const xmlNamespace = config.protocolSettings['xmlNamespace'];
  return {
    source: `${packageName}@${version}`,
    protocol,
    apiVersion: config.apiVersion,
    ...(isJson && target !== undefined && { target }),
    namespace,
    ...(!isJson && protocol !== 'restJson1' && xmlNamespace !== undefined && { xmlNamespace }),
    operations: sorted(operations),
    shapes: sorted(shapes.found),
  };
}

function sorted<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One operation or shape a line: small, and a change of the SDK reads well in a diff. */
export function printModel(model: ServiceModel): string {
  const block = (entries: object): string =>
    `{\n${Object.entries(entries)
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      .join(',\n')}\n}`;
  const { operations, shapes, ...head } = model;
  const first = JSON.stringify(head).slice(0, -1);
  return `${first},\n"operations":${block(operations)},\n"shapes":${block(shapes)}}\n`;
}

/** Every file of `wire/generated/` as it should be, by name. */
export async function extractAll(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const [name, service] of Object.entries(packages)) {
    if (!isInstalled(`@aws-sdk/${name}`)) continue;
    texts.set(`${service}.json`, printModel(await extractModel(`@aws-sdk/${name}`)));
  }
  return texts;
}

function isInstalled(packageName: string): boolean {
  try {
    require.resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

async function main(check: boolean): Promise<void> {
  for (const [name, text] of await extractAll()) {
    const path = new URL(name, directory);
    if (!check) {
      writeFileSync(path, text);
      console.log(`${name}: ${Math.round(text.length / 1024)} KB`);
    } else if (readFileSync(path, 'utf8') !== text) {
      console.error(`${name} is not what the installed SDK gives: run npm run models`);
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(process.argv.includes('--check'));
}
