/**
 * ListTags, TagResource and UntagResource, of functions and event source mappings.
 */
import type {
  ListTagsRequest,
  ListTagsResponse,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-lambda';
import { nameOfArn } from '../names.ts';
import { type ControlPlane, findFunction } from './control-plane.ts';
import { findMapping } from './get-event-source-mapping.ts';
import { checkTags } from './validation.ts';

type Tags = Readonly<Record<string, string>>;

interface Tagged {
  readonly tags: Tags;
  readonly put: (tags: Tags) => void;
}

export function listTags(plane: ControlPlane) {
  return (input: ListTagsRequest): ListTagsResponse => ({
    Tags: taggedOf(plane, input.Resource ?? '').tags,
  });
}

export function tagResource(plane: ControlPlane) {
  return async (input: TagResourceRequest): Promise<Record<string, never>> => {
    const { tags, put } = taggedOf(plane, input.Resource ?? '');
    put(checkTags({ ...tags, ...input.Tags }));
    await plane.registry.flushed();
    return {};
  };
}

export function untagResource(plane: ControlPlane) {
  return async (input: UntagResourceRequest): Promise<Record<string, never>> => {
    const { tags, put } = taggedOf(plane, input.Resource ?? '');
    const removed = new Set(input.TagKeys ?? []);
    put(Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key))));
    await plane.registry.flushed();
    return {};
  };
}

/** Throws ResourceNotFoundException. */
function taggedOf(plane: ControlPlane, arn: string): Tagged {
  const uuid = /:event-source-mapping:([\w-]+)$/.exec(arn)?.[1];
  if (uuid !== undefined) {
    const mapping = findMapping(plane, uuid);
    return { tags: mapping.tags, put: (tags) => plane.mappings.put({ ...mapping, tags }) };
  }
  const record = findFunction(plane, nameOfArn(arn));
  return { tags: record.tags, put: (tags) => plane.registry.put({ ...record, tags }) };
}
