/**
 * ListTags, TagResource and UntagResource, of functions.
 */
import type {
  ListTagsRequest,
  ListTagsResponse,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-lambda';
import { nameOfArn } from '../names.ts';
import { type ControlPlane, findFunction } from './control-plane.ts';
import { checkTags } from './validation.ts';

export function listTags(plane: ControlPlane) {
  return (input: ListTagsRequest): ListTagsResponse => ({
    Tags: findFunction(plane, nameOfArn(input.Resource ?? '')).tags,
  });
}

export function tagResource(plane: ControlPlane) {
  return async (input: TagResourceRequest): Promise<Record<string, never>> => {
    const record = findFunction(plane, nameOfArn(input.Resource ?? ''));
    const tags = checkTags({ ...record.tags, ...input.Tags });
    plane.registry.put({ ...record, tags });
    await plane.registry.flushed();
    return {};
  };
}

export function untagResource(plane: ControlPlane) {
  return async (input: UntagResourceRequest): Promise<Record<string, never>> => {
    const record = findFunction(plane, nameOfArn(input.Resource ?? ''));
    const removed = new Set(input.TagKeys ?? []);
    const tags = Object.fromEntries(
      Object.entries(record.tags).filter(([key]) => !removed.has(key)),
    );
    plane.registry.put({ ...record, tags });
    await plane.registry.flushed();
    return {};
  };
}
