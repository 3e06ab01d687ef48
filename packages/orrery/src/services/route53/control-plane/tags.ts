/**
 * Tags of hosted zones and health checks: a map per resource.
 */
import type {
  ChangeTagsForResourceRequest,
  ListTagsForResourceRequest,
  ListTagsForResourcesRequest,
} from '@aws-sdk/client-route-53';
import type { ReadTransaction } from '../../../io/io.ts';
import { constraint, invalidInput } from '../errors.ts';
import { keyOf } from '../keys.ts';
import { checkLength } from './constraints.ts';
import { bareId, type ControlPlane, readHealthCheck, readZone } from './plane.ts';

const maxTags = 10;

type Tags = Readonly<Record<string, string>>;

/** The key of a resource's tags; throws where the resource does not exist. */
function tagsKey(store: ReadTransaction, type: string | undefined, given?: string): Uint8Array {
  const id = bareId(given);
  if (type === 'hostedzone') readZone(store, id);
  else if (type === 'healthcheck') readHealthCheck(store, id);
  else {
    throw constraint(
      type,
      'resourceType',
      'Member must satisfy enum value set: [healthcheck, hostedzone]',
    );
  }
  return keyOf('tags', type, id);
}

function readTags(store: ReadTransaction, key: Uint8Array): Tags {
  return JSON.parse(store.get(key) ?? '{}') as Tags;
}

function tagSet(store: ReadTransaction, type: string | undefined, id: string | undefined): object {
  const tags = readTags(store, tagsKey(store, type, id));
  return {
    ResourceType: type,
    ResourceId: bareId(id),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

export const changeTagsForResource =
  ({ store }: ControlPlane) =>
  async (input: ChangeTagsForResourceRequest): Promise<object> => {
    checkLength(input.AddTags, 0, maxTags, 'addTags');
    checkLength(input.RemoveTagKeys, 0, maxTags, 'removeTagKeys');
    for (const [index, { Key, Value }] of (input.AddTags ?? []).entries()) {
      checkLength(Key, 0, 128, `addTags.${index + 1}.member.key`);
      checkLength(Value, 0, 256, `addTags.${index + 1}.member.value`);
    }
    store.transaction((transaction) => {
      const key = tagsKey(transaction, input.ResourceType, input.ResourceId);
      const tags = new Map(Object.entries(readTags(transaction, key)));
      for (const removed of input.RemoveTagKeys ?? []) tags.delete(removed);
      for (const { Key, Value } of input.AddTags ?? []) tags.set(Key ?? '', Value ?? '');
      if (tags.size > maxTags) throw invalidInput(`A resource has at most ${maxTags} tags.`);
      transaction.put(key, JSON.stringify(Object.fromEntries(tags)));
    });
    await store.flushed();
    return {};
  };

export const listTagsForResource =
  ({ store }: ControlPlane) =>
  (input: ListTagsForResourceRequest): object => ({
    ResourceTagSet: tagSet(store, input.ResourceType, input.ResourceId),
  });

export const listTagsForResources =
  ({ store }: ControlPlane) =>
  (input: ListTagsForResourcesRequest): object => ({
    ResourceTagSets: (input.ResourceIds ?? []).map((id) => tagSet(store, input.ResourceType, id)),
  });
