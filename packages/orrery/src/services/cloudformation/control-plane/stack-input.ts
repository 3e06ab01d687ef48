/**
 * What CreateStack, UpdateStack and CreateChangeSet have in common: a template from the request or
 * from S3, parameters, capabilities, tags. Owns their checks, in AWS's words.
 */
import type { Tag as ApiTag, Capability, Parameter } from '@aws-sdk/client-cloudformation';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { ServiceError } from '../../../endpoint/service.ts';
import { utf8Decode } from '../../../stdx/bytes.ts';
import { readSsmParameter } from '../engine/dynamic-references.ts';
import type { Engine } from '../engine/engine.ts';
import type { StackInput, StackRecord, Tag } from '../engine/records.ts';
import { insufficientCapabilities, validationError } from '../errors.ts';
import { dependenciesOf } from '../template/dependencies.ts';
import { resolveParameters } from '../template/parameters.ts';
import { parseTemplate } from '../template/parse.ts';
import type { Template } from '../template/template.ts';

export interface RawInput {
  readonly TemplateBody?: string | undefined;
  readonly TemplateURL?: string | undefined;
  readonly UsePreviousTemplate?: boolean | undefined;
  readonly Parameters?: readonly Parameter[] | undefined;
  readonly Capabilities?: readonly Capability[] | undefined;
  readonly Tags?: readonly ApiTag[] | undefined;
}

export interface PreparedInput {
  readonly template: Template;
  readonly input: StackInput;
}

const templateBodyBytesMax = 51_200;

/** The stack's name, checked. */
export function checkStackName(name: string): string {
  if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) {
    throw validationError(
      `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: ` +
        'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*',
    );
  }
  return name;
}

/** Reads and checks everything. Throws ValidationError and InsufficientCapabilitiesException. */
export async function prepareInput(
  engine: Engine,
  raw: RawInput,
  previous?: StackRecord,
): Promise<PreparedInput> {
  const templateBody = await readTemplate(engine, raw, previous);
  const template = await parseTemplate(templateBody);
  dependenciesOf(template);
  checkCapabilities(template, raw.Capabilities ?? []);
  const given = (raw.Parameters ?? []) as Parameters<typeof resolveParameters>[1];
  const { values, resolved } = await resolveParameters(
    template,
    given,
    previous?.parameters ?? {},
    (name) => readSsmParameter(engine, name),
  );
  const tags = raw.Tags === undefined ? (previous?.tags ?? []) : raw.Tags.map(tagOf);
  return {
    template,
    input: { templateBody, parameters: values, resolvedParameters: resolved, tags },
  };
}

function tagOf({ Key = '', Value = '' }: ApiTag): Tag {
  return { Key, Value };
}

async function readTemplate(
  engine: Engine,
  raw: RawInput,
  previous: StackRecord | undefined,
): Promise<string> {
  const { TemplateBody, TemplateURL, UsePreviousTemplate } = raw;
  const sources = [TemplateBody, TemplateURL, UsePreviousTemplate === true ? '' : undefined];
  if (sources.filter((source) => source !== undefined).length !== 1) {
    throw validationError('Either Template URL or Template Body must be specified.');
  }
  if (TemplateURL !== undefined) return await readFromS3(engine, TemplateURL);
  if (TemplateBody === undefined) {
    if (previous === undefined) throw validationError('There is no previous template to use.');
    return previous.templateBody;
  }
  const bytes = Buffer.byteLength(TemplateBody);
  if (bytes === 0 || bytes > templateBodyBytesMax) {
    throw validationError(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${templateBodyBytesMax}`,
    );
  }
  return TemplateBody;
}

/** Path style (`https://host/bucket/key`) or virtual host style (`https://bucket.s3…/key`). */
async function readFromS3(engine: Engine, url: string): Promise<string> {
  const parsed = URL.parse(url);
  const hosted = /^(.+?)\.s3[.-].*amazonaws\.com$/.exec(parsed?.hostname ?? '')?.[1];
  const path = decodeURIComponent(parsed?.pathname.slice(1) ?? '');
  const slash = path.indexOf('/');
  const Bucket = hosted ?? path.slice(0, Math.max(slash, 0));
  const Key = hosted === undefined ? path.slice(slash + 1) : path;
  if (Bucket === '' || Key === '') {
    throw validationError('TemplateURL must be a supported URL.');
  }
  try {
    const object = await engine.caller.call<
      Pick<GetObjectCommandOutput, never> & { Body?: unknown }
    >('s3', 'GetObject', { Bucket, Key }, engine.region);
    return utf8Decode(object.Body instanceof Uint8Array ? object.Body : new Uint8Array());
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw validationError(`S3 error: ${error.message}`);
  }
}

const named: Readonly<Record<string, string>> = {
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
};
const iamTypes = new Set([...Object.keys(named), 'AWS::IAM::Policy', 'AWS::IAM::AccessKey']);

function checkCapabilities(template: Template, given: readonly string[]): void {
  const resources = Object.values(template.resources);
  const hasNames = resources.some(({ type, properties }) => {
    const property = named[type];
    return property !== undefined && properties[property] !== undefined;
  });
  if (hasNames && !given.includes('CAPABILITY_NAMED_IAM')) {
    throw insufficientCapabilities(['CAPABILITY_NAMED_IAM']);
  }
  const hasIam = resources.some(({ type }) => iamTypes.has(type));
  const allowed = given.includes('CAPABILITY_IAM') || given.includes('CAPABILITY_NAMED_IAM');
  if (hasIam && !allowed) throw insufficientCapabilities(['CAPABILITY_IAM']);
}
