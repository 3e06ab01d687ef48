/**
 * GetTags, TagResource and UntagResource, of APIs, stages and domain names by their ARN.
 */
import type {
  GetTagsRequest,
  GetTagsResponse,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-apigatewayv2';
import { badRequest, notFound } from '../errors.ts';
import { type ControlPlane, findApi, findDomain } from './control-plane.ts';

type Tags = Readonly<Record<string, string>>;

interface Tagged {
  readonly tags: Tags;
  put(tags: Tags): Promise<void>;
}

const tagsMax = 50;

export function getTags(plane: ControlPlane) {
  return (input: GetTagsRequest): GetTagsResponse => ({
    Tags: find(plane, input.ResourceArn).tags,
  });
}

export function tagResource(plane: ControlPlane) {
  return async (input: TagResourceRequest): Promise<Record<string, never>> => {
    const resource = find(plane, input.ResourceArn);
    const tags = { ...resource.tags, ...input.Tags };
    if (Object.keys(tags).length > tagsMax) throw badRequest('Maximum number of tags reached');
    await resource.put(tags);
    return {};
  };
}

export function untagResource(plane: ControlPlane) {
  return async (input: UntagResourceRequest): Promise<Record<string, never>> => {
    const resource = find(plane, input.ResourceArn);
    const removed = new Set(input.TagKeys ?? []);
    await resource.put(
      Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !removed.has(key))),
    );
    return {};
  };
}

function find(plane: ControlPlane, arn: string | undefined): Tagged {
  const path = /^arn:aws[a-z-]*:apigateway:[a-z0-9-]+::\/(.+)$/.exec(arn ?? '')?.[1];
  const [kind, id, part, name] = (path ?? '').split('/');
  if (kind === 'domainnames') {
    const domain = findDomain(plane, id);
    return { tags: domain.tags, put: (tags) => plane.state.putDomain({ ...domain, tags }) };
  }
  if (kind !== 'apis') throw badRequest(`Invalid resource ARN: ${arn ?? ''}`);
  const api = findApi(plane, id);
  if (part !== 'stages') {
    return { tags: api.tags, put: (tags) => plane.state.putApi({ ...api, tags }) };
  }
  const stage = api.stages.find((one) => one.stageName === name);
  if (stage === undefined) throw notFound('stage', name ?? '');
  return {
    tags: stage.tags,
    put: (tags) =>
      plane.state.putApi({
        ...api,
        stages: api.stages.map((one) => (one === stage ? { ...one, tags } : one)),
      }),
  };
}
